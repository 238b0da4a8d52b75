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
# The figures of the README of naver-webtoon-faces, each one call away. Run the cells from top to bottom (Shift +
# Enter); all of them take a few minutes on a laptop. Nothing is downloaded: with the embedded demo models the figures
# show how things work. Load other models in the next cell to see how well.

# %%
try:
    import webtoonfaces as wf
except ModuleNotFoundError:  # on Colab, say: install what is missing; no restart is needed
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
# **dataset.** How many pictures each title gave: what is common here is what the models draw most readily.

# %%
wf.figures.draw("dataset", **models)

# %% [markdown]
# ## StyleGAN2: faces from nothing
# A seed gives a code w for each layer, and the code a face. Whatever is done to codes gives faces too.
#
# **stylegan2/samples.** Six seeds, six faces, truncated to 0.7: pulled towards the mean face, they are cleaner and less
# varied.

# %%
wf.figures.draw("stylegan2/samples", **models)

# %% [markdown]
# **stylegan2/1.** Four samples in the corners and straight lines in w between them: each step is a face, not a
# cross-fade.

# %%
wf.figures.draw("stylegan2/1", **models)

# %% [markdown]
# **stylegan2/2.** Four other corners: the code moves evenly, while hair, gaze and colour each change at their own
# moment.

# %%
wf.figures.draw("stylegan2/2", **models)

# %% [markdown]
# **stylegan2/3.** Each row's face with each column's code in the later half of the layers: the early ones keep pose and
# shape, the late ones bring colour and line.

# %%
wf.figures.draw("stylegan2/3", **models)

# %% [markdown]
# **stylegan2/exploration.** A walk through ten samples, twenty steps from each to the next: what lies between two faces
# is faces too.

# %%
walk = wf.figures.draw("stylegan2/exploration", **models)
walk

# %% [markdown]
# ## Swapping Autoencoder: structure and style
# Two codes of one picture: the structure says what is where, the style how it is drawn. A sheet keeps the structure of
# the framed picture and takes the styles above and below.
#
# **swapae/1.** The framed face in ten styles, each used in every layer: what the structure code alone can hold on to.

# %%
wf.figures.draw("swapae/1", **models)

# %% [markdown]
# ### Between two styles
# **swapae/2.** One structure, while the style goes in eight even steps from its own to that of another picture.

# %%
wf.figures.draw("swapae/2", **models)

# %% [markdown]
# **swapae/3.** The same walk for another pair: a style is one vector, so that what lies between two of them is a style.

# %%
wf.figures.draw("swapae/3", **models)

# %% [markdown]
# **swapae/4.** A style that goes by way of a third picture: a strip takes any number of stops.

# %%
wf.figures.draw("swapae/4", **models)

# %% [markdown]
# ### Between two structures
# **swapae/5.** One style, while the structure goes in eight steps to another picture's: half way it is a double
# exposure, for the mean of two maps is no map of a face.

# %%
wf.figures.draw("swapae/5", **models)

# %% [markdown]
# **swapae/6.** Another pair: the less two faces overlap, the worse the middle. Changing one region at a time does
# better.

# %%
wf.figures.draw("swapae/6", **models)

# %% [markdown]
# **swapae/7.** Three structures in one strip: each stop is a clear face, each stretch between two is not.

# %%
wf.figures.draw("swapae/7", **models)

# %% [markdown]
# ### Where to swap
# The swap location says how many layers, from the coarsest on, keep the picture's own style.
#
# **swapae/8.** Every swap location for one face. The number counts the layers that keep the face's own style: going
# down, its identity comes back, until only its colours are the other's.

# %%
wf.figures.draw("swapae/8", **models)

# %% [markdown]
# **swapae/9.** Location 2: the two coarsest layers keep the face's own style, and with it who it is.

# %%
wf.figures.draw("swapae/9", **models)

# %% [markdown]
# **swapae/10.** Location 2 for another face: shading and line follow the style, the features mostly stay.

# %%
wf.figures.draw("swapae/10", **models)

# %% [markdown]
# **swapae/11.** Location 2 once more: a style far from the face's own costs it more of its likeness.

# %%
wf.figures.draw("swapae/11", **models)

# %% [markdown]
# **swapae/12.** Location 3: one more layer is the face's own, so that eyes and mouth are safer.

# %%
wf.figures.draw("swapae/12", **models)

# %% [markdown]
# **swapae/13.** Location 3 for another face: with 2, the place where a drawing takes a style most pleasingly.

# %%
wf.figures.draw("swapae/13", **models)

# %% [markdown]
# **swapae/14.** Location 3 once more: compare the same style across faces; colours agree, shapes do not.

# %%
wf.figures.draw("swapae/14", **models)

# %% [markdown]
# **swapae/15.** Location 7: only the last layer is the other's, which is enough to set the overall colour.

# %%
wf.figures.draw("swapae/15", **models)

# %% [markdown]
# **swapae/16.** Location 7 for another face: a colour filter, if a clever one.

# %%
wf.figures.draw("swapae/16", **models)

# %% [markdown]
# **swapae/17.** Location 7 once more: the drawing stays as it is in every line.

# %%
wf.figures.draw("swapae/17", **models)

# %% [markdown]
# ### A picture from outside
# **swapae/18.** A picture unlike anything in the data: how much survives shows how far the encoder can be trusted.

# %%
wf.figures.draw("swapae/18", **models)

# %% [markdown]
# ## A photo, cartoonized and swapped
# **swapae/19.** A photo made a drawing first, then swapped: a model that never saw a photo meets something it knows.

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
# **swapae/22.** Where it fails: a face upside down, half outside, far too small, in the dark. What the cartoonizer
# loses, no swap brings back.

# %%
wf.figures.draw("swapae/22", **models)

# %% [markdown]
# **swapae/jtbc.** Photo above, result below: the plainest test of whether someone is still recognised.

# %%
wf.figures.draw("swapae/jtbc", **models)

# %% [markdown]
# ## face2webtoon
# The styles are samples of StyleGAN2, so no drawing is needed.
#
# **face2webtoon/dh.** One photo, encoded once, while its style walks through ten samples: styles need no pictures of
# their own.

# %%
wf.figures.draw("face2webtoon/dh", **models)

# %% [markdown]
# **face2webtoon/dh-sheet.** A photo in five sampled styles: above swapped at location 3, below at 5.

# %%
wf.figures.draw("face2webtoon/dh-sheet", **models)

# %% [markdown]
# **face2webtoon/grb.** Five other styles. The first column is the photo in its own: no swap does better.

# %%
wf.figures.draw("face2webtoon/grb", **models)

# %% [markdown]
# **face2webtoon/je.** The lower row keeps two more layers of the photo: more likeness, less webtoon.

# %%
wf.figures.draw("face2webtoon/je", **models)

# %% [markdown]
# **face2webtoon/jyp.** Noise is zero throughout, so that all that differs along a row is the style.

# %%
wf.figures.draw("face2webtoon/jyp", **models)

# %% [markdown]
# ## How good it was
# **fid.** From photographs to webtoons in 250,000 iterations: nearly all of the way lies in the first 50,000.

# %%
wf.figures.draw("fid", **models)

# %% [markdown]
# ## With your own pictures
# The first picture is the source, the others are the styles, as many as there are. A path, a PIL image or an array is a
# picture.

# %%
photo = wf.align_face(wf.example_photo()).image  # or "my-face.png"
drawings = G.render(G.sample_ws([3, 14, 15, 92], truncation_psi=0.7))  # or ["drawing-1.png", "drawing-2.png"]
wf.figures.draw("swapae/9", images=[photo, *drawings], **models)

# %% [markdown]
# ## All of them
# In a terminal, `webtoonfaces figures out/` writes every figure into a folder, with a page that shows them all. An
# animation is kept with `save`.

# %%
walk.save("exploration.gif")
