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
# # webtoonfaces
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/00_index.ipynb)
#
# Explore faces of webtoons: drag between them, mix them layer by layer, and turn a photo into one. Open a notebook and
# run its cells from top to bottom (Shift + Enter). Nothing is downloaded: two small demo models come with the package.
#
# | | |
# |---|---|
# | [Your photo as a webtoon](04_face2webtoon.ipynb) | **start here**: a photo in any number of styles |
# | [Between four faces](01_interpolation.ipynb) | a pad whose corners are samples, and the grid between them |
# | [Which layer does what](02_layer_swapping.ipynb) | shapes of one face, colours of another |
# | [Where to swap](03_swap_location.ipynb) | structure and style of two pictures, and where they are swapped |
# | [A walk through styles](05_style_exploration.ipynb) | one photo while its style changes, as an animation |
# | [Your own weights](06_your_own_weights.ipynb) | the published models, and those that you trained |
# | [A portrait of your photo](08_portraits.ipynb) | a face measured, then drawn in any title; no network |
# | [Every figure](07_every_figure.ipynb) | every figure of naver-webtoon-faces, the project that this one follows |

# %%
try:
    import webtoonfaces as wf
except ModuleNotFoundError:  # for example on Colab; installs what is missing, without a restart
    import subprocess
    import sys

    package = "webtoonfaces @ git+https://github.com/webtoonfaces/webtoonfaces"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
    import webtoonfaces as wf

# %% [markdown]
# ## Does it work here?
# Six faces, drawn by the demo model:

# %%
G = wf.load_stylegan2("demo")
wf.show(G.render(G.sample_ws(range(6), truncation_psi=0.7), upscale=True), columns=6)

# %% [markdown]
# If they do not appear, type `webtoonfaces doctor` in a terminal: it says what is missing.
