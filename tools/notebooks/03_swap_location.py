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
# # Where to swap
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/03_swap_location.ipynb)
#
# A Swapping Autoencoder separates a picture into *structure* (what is where) and *style* (how it is drawn), and
# combines any structure with any style. The **swap location** is the number of first layers that keep the structure
# picture's own style: at 0 every layer takes the other style, at the last layer none.

# %%
try:
    import webtoonfaces as wf
except ModuleNotFoundError:  # for example on Colab; installs what is missing, without a restart
    import subprocess
    import sys

    package = "webtoonfaces @ git+https://github.com/webtoonfaces/webtoonfaces"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
    import webtoonfaces as wf

# %%
G, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")
AE

# %% [markdown]
# ## Slide
# The slider sets the location, also to fractions; the strip shows all locations, and a click chooses one.

# %%
wf.SwapExplorer(AE, G)

# %% [markdown]
# ## The same in code
# `encode` gives a picture's structure and style, `swap_at` combines two styles at a location, `render` draws.

# %%
one, other = G.render(G.sample_ws([0, 3], truncation_psi=0.7))
structure, style = AE.encode(one)
_, taken = AE.encode(other)
locations = (0, 2, 3, 5, AE.num_ws)
swapped = [AE.render(structure, wf.swap_at(style, taken, location=location))[0] for location in locations]
wf.show([one, other, *swapped], columns=len(swapped) + 2, titles=["structure", "style", *map(str, locations)])

# %% [markdown]
# A style is one vector, so halfway between two styles is a style again:

# %%
between = [AE.render(structure, wf.lerp(style, taken, t))[0] for t in (0, 0.25, 0.5, 0.75, 1)]
wf.show(between, titles=["its own", "", "half", "", "the other's"])
