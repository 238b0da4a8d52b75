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
# work. Load other models below for better pictures.
#
# The first figure of each cell is open. The others, which show more of the same, are folded: click on a line to see
# its figure.

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

print(*wf.figures.names(), sep=", ")

# %% [markdown]
# ## What the models learned from

# %%
wf.figures.show("dataset", height=300, **models)

# %% [markdown]
# ## StyleGAN2: faces from seeds
# A seed gives a code w for each layer, and the code a face. Codes that are mixed or interpolated give faces too.

# %%
wf.figures.show("stylegan2/samples", "stylegan2/1", "stylegan2/2", "stylegan2/3", "stylegan2/exploration", **models)

# %% [markdown]
# ## Swapping Autoencoder: structure and style
# A picture has two codes: the structure says what is where, the style how it is drawn. A sheet keeps the structure of
# the framed picture and takes the styles above and below.

# %%
wf.figures.show("swapae/1", **models)

# %% [markdown]
# ### Between two styles

# %%
wf.figures.show("swapae/2", "swapae/3", "swapae/4", height=150, **models)

# %% [markdown]
# ### Between two structures

# %%
wf.figures.show("swapae/5", "swapae/6", "swapae/7", height=150, **models)

# %% [markdown]
# ### Where to swap
# The swap location is the number of layers, from the coarsest on, that keep the picture's own style.

# %%
wf.figures.show("swapae/8", height=560, **models)

# %%
wf.figures.show("swapae/9", "swapae/10", "swapae/11", **models)

# %%
wf.figures.show("swapae/12", "swapae/13", "swapae/14", **models)

# %%
wf.figures.show("swapae/15", "swapae/16", "swapae/17", **models)

# %% [markdown]
# ### A picture from outside

# %%
wf.figures.show("swapae/18", **models)

# %% [markdown]
# ## A photo, cartoonized and swapped

# %%
wf.figures.show("swapae/19", "swapae/20", "swapae/21", "swapae/22", "swapae/jtbc", **models)

# %% [markdown]
# ## face2webtoon
# The styles are samples of StyleGAN2, so no drawing is needed.

# %%
wf.figures.show(
    "face2webtoon/dh", "face2webtoon/dh-sheet", "face2webtoon/grb", "face2webtoon/je", "face2webtoon/jyp", **models
)

# %% [markdown]
# ## How good the original was

# %%
wf.figures.show("fid", height=300, **models)

# %% [markdown]
# ## With your own pictures
# The first picture gives the structure, the others, in any number, the styles. A picture is a path, a PIL image or an
# array.

# %%
photo = wf.align_face(wf.example_photo()).image  # or "my-face.png"
drawings = G.render(G.sample_ws([3, 14, 15, 92], truncation_psi=0.7))  # or ["drawing-1.png", "drawing-2.png"]
mine = wf.figures.draw("swapae/9", images=[photo, *drawings], **models)
mine

# %% [markdown]
# ## All of them
# In a terminal, `webtoonfaces figures out/` writes every figure into a folder, with a page that shows them all. In
# Python, a figure is a PIL image with `save`; an animation has a `save` too, for `.webp`, `.gif` and `.mp4`.

# %%
mine.save("my-figure.png")
print("saved my-figure.png,", *mine.size, "px")
