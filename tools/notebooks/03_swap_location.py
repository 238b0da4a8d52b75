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
# The slider *own style* sets the location, also to fractions; the strip shows all locations, and a click chooses one.

# %%
wf.SwapExplorer(AE, G)

# %% [markdown]
# ## The same in code
# `encode` gives a picture's structure and style, `swap_at` combines two styles at a location, `render` draws.

# %%
drawing, other = G.render(G.sample_ws([0, 3], truncation_psi=0.7))
structure, own_style = AE.encode(drawing)
_, other_style = AE.encode(other)

pictures, titles = wf.upscale([drawing, other]), ["structure from", "style from"]
for location in (0, 2, 3, 5, AE.num_ws):
    style = wf.swap_at(own_style, other_style, location=location)
    pictures += AE.render(structure, style, upscale=True)
    titles.append(f"location {location}")
wf.show(pictures, columns=4, titles=titles, height=1.8)

# %% [markdown]
# A style is one vector, so halfway between two styles is a style again:

# %%
shares = (0, 0.25, 0.5, 0.75, 1)
between = [AE.render(structure, wf.lerp(own_style, other_style, share), upscale=True)[0] for share in shares]
wf.show(between, titles=[f"{share:.0%} of the other" for share in shares], height=1.8)
