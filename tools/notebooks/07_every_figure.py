# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Every figure, by name
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/07_every_figure.ipynb)
#
# The figures of the README of naver-webtoon-faces, each with one call. Run the cells from top to bottom (Shift +
# Enter); together they take a few minutes on a laptop. Nothing is downloaded: the embedded demo models show how things
# work. Load other models in the next cell for better pictures.

# %%
try:
    import webtoonfaces as wf
except ModuleNotFoundError:  # for example on Colab; installs what is missing, without a restart
    import subprocess
    import sys

    package = "webtoonfaces[faces] @ git+https://github.com/webtoonfaces/webtoonfaces"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
    import webtoonfaces as wf

# %%
G = wf.load_stylegan2("demo")
AE = wf.load_swapae("demo")
models = {"generator": G, "swapae": AE}
wf.figures.names()

# %% [markdown]
# ## What the models learned from
# **dataset.** The number of pictures of each title: the models draw most easily what is frequent here.

# %%
wf.figures.draw("dataset", **models)

# %% [markdown]
# ## StyleGAN2: faces from seeds
# A seed gives a code w for each layer, and the code a face. Codes that are mixed or interpolated give faces too.
#
# **stylegan2/samples.** Samples of six seeds, truncated to 0.7: closer to the mean face, they are cleaner and less
# varied.

# %%
wf.figures.draw("stylegan2/samples", **models)

# %% [markdown]
# **stylegan2/1.** Four samples in the corners and straight lines in w between them: each step is a face, not a
# cross-fade.

# %%
wf.figures.draw("stylegan2/1", **models)

# %% [markdown]
# **stylegan2/2.** Four other corners: the code changes evenly, but hair, gaze and colour each change at another step.

# %%
wf.figures.draw("stylegan2/2", **models)

# %% [markdown]
# **stylegan2/3.** Each row's face with each column's code in the later half of the layers: the early layers determine
# pose and shape, the late ones colour and line.

# %%
wf.figures.draw("stylegan2/3", **models)

# %% [markdown]
# **stylegan2/exploration.** A walk through ten samples, twenty steps from each to the next: everything between two
# faces is a face.

# %%
walk = wf.figures.draw("stylegan2/exploration", **models)
walk

# %% [markdown]
# ## Swapping Autoencoder: structure and style
# A picture has two codes: the structure says what is where, the style how it is drawn. A sheet keeps the structure of
# the framed picture and takes the styles of the pictures above and below.
#
# **swapae/1.** The framed face in ten styles, each used in every layer: this much is kept by the structure code alone.

# %%
wf.figures.draw("swapae/1", **models)

# %% [markdown]
# ### Between two styles
# **swapae/2.** One structure, while the style changes in eight even steps from its own to that of another picture.

# %%
wf.figures.draw("swapae/2", **models)

# %% [markdown]
# **swapae/3.** The same for another pair: a style is one vector, so everything between two styles is a style.

# %%
wf.figures.draw("swapae/3", **models)

# %% [markdown]
# **swapae/4.** A style that passes through that of a third picture: a strip takes any number of stops.

# %%
wf.figures.draw("swapae/4", **models)

# %% [markdown]
# ### Between two structures
# **swapae/5.** One style, while the structure changes in eight steps to another picture's: in the middle it looks like
# a double exposure, because the mean of two structure maps is not the map of a face.

# %%
wf.figures.draw("swapae/5", **models)

# %% [markdown]
# **swapae/6.** Another pair: the less two faces overlap, the worse is the middle. Changing one region at a time is
# better.

# %%
wf.figures.draw("swapae/6", **models)

# %% [markdown]
# **swapae/7.** Three structures in one strip: each stop is a clear face, the pictures between two stops are not.

# %%
wf.figures.draw("swapae/7", **models)

# %% [markdown]
# ### Where to swap
# The swap location is the number of layers, from the coarsest on, that keep the picture's own style.
#
# **swapae/8.** Every swap location for one face. The number counts the layers that keep the face's own style: from top
# to bottom its identity returns, until only the colours are those of the other picture.

# %%
wf.figures.draw("swapae/8", **models)

# %% [markdown]
# **swapae/9.** Location 2: the two coarsest layers keep the face's own style, and with it the identity.

# %%
wf.figures.draw("swapae/9", **models)

# %% [markdown]
# **swapae/10.** Location 2 for another face: shading and line follow the style, the features mostly stay.

# %%
wf.figures.draw("swapae/10", **models)

# %% [markdown]
# **swapae/11.** Location 2 once more: the more a style differs from the face's own, the less likeness stays.

# %%
wf.figures.draw("swapae/11", **models)

# %% [markdown]
# **swapae/12.** Location 3: one more layer keeps the face's own style, which protects eyes and mouth.

# %%
wf.figures.draw("swapae/12", **models)

# %% [markdown]
# **swapae/13.** Location 3 for another face: 2 and 3 are the most pleasing locations for drawings.

# %%
wf.figures.draw("swapae/13", **models)

# %% [markdown]
# **swapae/14.** Location 3 once more: compare one style across faces; colours agree, shapes do not.

# %%
wf.figures.draw("swapae/14", **models)

# %% [markdown]
# **swapae/15.** Location 7: only the last layer takes the other style, which sets the overall colour.

# %%
wf.figures.draw("swapae/15", **models)

# %% [markdown]
# **swapae/16.** Location 7 for another face: it acts like a colour filter.

# %%
wf.figures.draw("swapae/16", **models)

# %% [markdown]
# **swapae/17.** Location 7 once more: every line of the drawing stays the same.

# %%
wf.figures.draw("swapae/17", **models)

# %% [markdown]
# ### A picture from outside
# **swapae/18.** A picture unlike the training data: what is kept shows how well the encoder generalizes.

# %%
wf.figures.draw("swapae/18", **models)

# %% [markdown]
# ## A photo, cartoonized and swapped
# **swapae/19.** A photo, first turned into a cartoon, then swapped: a cartoon is closer to the training data than a
# photo.

# %%
wf.figures.draw("swapae/19", **models)

# %% [markdown]
# **swapae/20.** The same at location 2: more of the style's drawing, less of the likeness.

# %%
wf.figures.draw("swapae/20", **models)

# %% [markdown]
# **swapae/21.** The same at location 5: the likeness of the photo, in the palette of the style.

# %%
wf.figures.draw("swapae/21", **models)

# %% [markdown]
# **swapae/22.** Failures: a face upside down, half outside the picture, much too small, in the dark. What the
# cartoonizer loses cannot be recovered by a swap.

# %%
wf.figures.draw("swapae/22", **models)

# %% [markdown]
# **swapae/jtbc.** Photo above, result below: the simplest test of whether a person can still be recognized.

# %%
wf.figures.draw("swapae/jtbc", **models)

# %% [markdown]
# ## face2webtoon
# The styles are samples of StyleGAN2, so no drawing is needed.
#
# **face2webtoon/dh.** One photo, encoded once, while its style walks through those of ten samples.

# %%
wf.figures.draw("face2webtoon/dh", **models)

# %% [markdown]
# **face2webtoon/dh-sheet.** A photo in five sampled styles: above swapped at location 3, below at 5.

# %%
wf.figures.draw("face2webtoon/dh-sheet", **models)

# %% [markdown]
# **face2webtoon/grb.** Five other styles. The first column is the photo in its own style, the best likeness.

# %%
wf.figures.draw("face2webtoon/grb", **models)

# %% [markdown]
# **face2webtoon/je.** The lower row keeps the photo's own style in two more layers: more likeness, less webtoon.

# %%
wf.figures.draw("face2webtoon/je", **models)

# %% [markdown]
# **face2webtoon/jyp.** Noise is zero, so only the style differs along a row.

# %%
wf.figures.draw("face2webtoon/jyp", **models)

# %% [markdown]
# ## FID during training
# **fid.** FID from photographs to webtoons in 250,000 iterations: most of the decrease is in the first 50,000.

# %%
wf.figures.draw("fid", **models)

# %% [markdown]
# ## With your own pictures
# The first picture is the source, the others, in any number, are the styles. A picture is a path, a PIL image or an
# array.

# %%
photo = wf.align_face(wf.example_photo()).image  # or "my-face.png"
drawings = G.render(G.sample_ws([3, 14, 15, 92], truncation_psi=0.7))  # or ["drawing-1.png", "drawing-2.png"]
wf.figures.draw("swapae/9", images=[photo, *drawings], **models)

# %% [markdown]
# ## All of them
# In a terminal, `webtoonfaces figures out/` writes every figure into a folder, with a page that shows them all. An
# animation is written with `save`.

# %%
walk.save("exploration.gif")
