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


def show(*names, **layout):
    """Some figures with their names above them."""
    return wf.show([wf.figures.draw(name, **models) for name in names], titles=names, **layout)


print(*wf.figures.names(), sep=", ")

# %% [markdown]
# ## What the models learned from
#
# **dataset.** The number of pictures of each title: a model draws most easily what is frequent. Here all are equal.

# %%
show("dataset", height=4)

# %% [markdown]
# ## StyleGAN2: faces from seeds
#
# A seed gives a code w for each layer, and the code a face. Codes that are mixed or interpolated give faces too.
#
# **stylegan2/samples.** Samples of six seeds, truncated to 0.7: closer to the mean face, they are cleaner and less
# varied.
#
# **stylegan2/1.** Four samples in the corners, and straight lines in w between them.
#
# **stylegan2/2.** Four other corners: from step to step the code changes evenly.
#
# **stylegan2/3.** Each row's face, with each column's code in the later half of the layers.

# %%
show("stylegan2/samples", "stylegan2/1", "stylegan2/2", "stylegan2/3", columns=2, height=3)

# %% [markdown]
# **stylegan2/exploration.** A walk through ten samples, twenty steps from each to the next.

# %%
walk = wf.figures.draw("stylegan2/exploration", **models)
walk

# %% [markdown]
# ## Swapping Autoencoder: structure and style
#
# A picture has two codes: the structure says what is where, the style how it is drawn. A sheet keeps the structure of
# the framed picture and takes the styles above and below.
#
# **swapae/1.** The framed face in ten styles, each used in every layer: this much is kept by the structure code alone.

# %%
show("swapae/1", height=4.5)

# %% [markdown]
# ### Between two styles
#
# **swapae/2.** One structure, while the style changes in eight even steps from its own to that of another picture.
#
# **swapae/3.** The same for another pair: a style is one vector, so there are styles between two styles.
#
# **swapae/4.** A style that passes through that of a third picture: a strip takes any number of stops.

# %%
show("swapae/2", "swapae/3", "swapae/4", columns=1, height=1.2)

# %% [markdown]
# ### Between two structures
#
# **swapae/5.** One style, while the structure changes in eight steps to another picture's.
#
# **swapae/6.** Another pair: a structure is a map, and the mean of two maps need not be the map of a face.
#
# **swapae/7.** Three structures in one strip, with steps between them.

# %%
show("swapae/5", "swapae/6", "swapae/7", columns=1, height=1.2)

# %% [markdown]
# ### Where to swap
#
# The swap location is the number of layers, from the coarsest on, that keep the picture's own style.
#
# **swapae/8.** The framed face in five styles, at every swap location from 0 to 7. Further down, more of its own is
# kept.

# %%
show("swapae/8", height=6)

# %% [markdown]
# **swapae/9.** Location 2: the two coarsest layers keep the face's own style.
#
# **swapae/10.** Location 2 for another face, with ten other styles.
#
# **swapae/11.** Location 2 for a third face, with ten more styles.

# %%
show("swapae/9", "swapae/10", "swapae/11", columns=2, height=3.4)

# %% [markdown]
# **swapae/12.** Location 3: one more layer keeps the face's own style.
#
# **swapae/13.** Location 3 for another face, with ten other styles.
#
# **swapae/14.** Location 3 for a third face, with ten more styles.

# %%
show("swapae/12", "swapae/13", "swapae/14", columns=2, height=3.4)

# %% [markdown]
# **swapae/15.** Location 7: only the last layer takes the other style.
#
# **swapae/16.** Location 7 for another face, with ten other styles.
#
# **swapae/17.** Location 7 for a third face, with ten more styles.

# %%
show("swapae/15", "swapae/16", "swapae/17", columns=2, height=3.4)

# %% [markdown]
# ### A picture from outside
#
# **swapae/18.** A picture unlike the training data: compare it with its reconstruction, below it.

# %%
show("swapae/18", height=4.5)

# %% [markdown]
# ## A photo, cartoonized and swapped
#
# **swapae/19.** The framed photo, first turned into a cartoon, which is not shown, then swapped at location 3.
#
# **swapae/20.** The same at location 2, with other styles above and below.
#
# **swapae/21.** The same at location 5: only three layers take the other style.

# %%
show("swapae/19", "swapae/20", "swapae/21", columns=2, height=3.4)

# %% [markdown]
# **swapae/22.** Hard photos, one in each row: a face upside down, half outside the picture, much too small, in the
# dark. Beside each its cartoon, and that in four styles.
#
# **swapae/jtbc.** Photo above, result below: the photo in five styles.

# %%
show("swapae/22", "swapae/jtbc", columns=1, height=3.2)

# %% [markdown]
# ## face2webtoon
#
# The styles are samples of StyleGAN2, so no drawing is needed.
#
# **face2webtoon/dh.** One photo, below left, while its style walks through those of ten samples. Above right is the
# sample whose style is taken, below it the photo in this style.

# %%
wf.figures.draw("face2webtoon/dh", **models)

# %% [markdown]
# **face2webtoon/dh-sheet.** A photo in five sampled styles: above swapped at location 3, below at 5.
#
# **face2webtoon/grb.** Five other styles. The first column is the photo in its own style.
#
# **face2webtoon/je.** The lower row keeps the photo's own style in two more layers.
#
# **face2webtoon/jyp.** Noise is zero, so only the style differs along a row.

# %%
show("face2webtoon/dh-sheet", "face2webtoon/grb", "face2webtoon/je", "face2webtoon/jyp", columns=2, height=2.5)

# %% [markdown]
# ## How good the original was
#
# **fid.** The FID says how far samples are from the drawings that a model learned from: lower is closer. It fell in
# 250,000 iterations, from a model of photographs (FFHQ) to one of webtoons, and most of that in the first 50,000.

# %%
show("fid", height=4)

# %% [markdown]
# ## With your own pictures
# The first picture gives the structure, the others, in any number, the styles. A picture is a path, a PIL image or an
# array.

# %%
photo = wf.align_face(wf.example_photo()).image  # or "my-face.png"
drawings = G.render(G.sample_ws([3, 14, 15, 92], truncation_psi=0.7))  # or ["drawing-1.png", "drawing-2.png"]
wf.show(wf.figures.draw("swapae/9", images=[photo, *drawings], **models), height=4.5)

# %% [markdown]
# ## All of them
# In a terminal, `webtoonfaces figures out/` writes every figure into a folder, with a page that shows them all. An
# animation is written with `save`.

# %%
print("saved", walk.save("exploration.webp"))
