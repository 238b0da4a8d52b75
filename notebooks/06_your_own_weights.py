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
# # Your own weights
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/06_your_own_weights.ipynb)
#
# The demo models are small and show how everything works. Here is how to use the published ones, and your own.

# %%
try:
    import webtoonfaces as wf
except ModuleNotFoundError:  # on Colab, say: install what is missing; no restart is needed
    import subprocess
    import sys

    package = "webtoonfaces @ git+https://github.com/webtoonfaces/webtoonfaces"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
    import webtoonfaces as wf

# %% [markdown]
# ## What has a name
# `embedded` ones are here already. The others are fetched when they are first used: that is the only time when the
# package uses the network. Mind the licences.

# %%
for record in wf.available_models():
    print(f"{record.kind:12} {record.name:12} {'embedded' if record.embedded else '':10} {record.title}")

# %% [markdown]
# To fetch one now, with everything about it checked, type in a terminal
#
#     webtoonfaces fetch stylegan2 webtoon
#
# and load it by its name: `wf.load_stylegan2("webtoon")`. A file that you have already can be put into the folder
# `checkpoints` beside the notebooks instead.

# %% [markdown]
# ## A file
# A path works like a name: `.safetensors` as this package writes it, or `.pt` in the original format. Nothing that such
# a file holds is run. Size, layers and channels are read from it.

# %%
demo = wf.load_stylegan2("demo")
path = demo.weights.path  # or "250000.pt"
G = wf.load_stylegan2(path)
G

# %% [markdown]
# What does not fit is refused, and you are told why. Here, a Swapping Autoencoder where a StyleGAN2 is expected:

# %%
try:
    wf.load_stylegan2(wf.load_swapae("demo").weights.path)
except wf.errors.WeightsError as error:
    print(error)

# %% [markdown]
# ## Look around in it
# Everything that the other notebooks do works with any model.

# %%
wf.show(G.render(G.sample_ws(range(5), truncation_psi=0.7)))

# %%
wf.InterpolationPad(G)

# %% [markdown]
# ## Convert, and train
# In a terminal, `webtoonfaces convert stylegan2 250000.pt webtoon.safetensors` writes a smaller file that loads faster;
# the other way round it gives the original format back. `webtoonfaces train --help` says how to train models of your
# own.
