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
# The demo models are small and show how everything works. This notebook lists the published ones, and shows how to
# load them and files of your own.

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
# ## Weights with a name
# A `stylegan2` makes up faces; a `swapae`, a Swapping Autoencoder, redraws a picture in the style of another;
# `cartoonizer` and `animegan2` make a cartoon of a photo, `dexined` finds its lines, and an `upscaler` enlarges
# drawings.
#
# The embedded ones are part of the package. The others are downloaded when they are first used, which is the only time
# that the package uses the network. Note the licences.

# %%
from IPython.display import Markdown

lines = ["| kind | name | what it is | licence |", "|---|---|---|---|"]
for record in wf.available_models():
    what = f"{record.title} (embedded)" if record.embedded else record.title
    lines.append(f"| {record.kind} | {record.name} | {what} | {record.licence} |")
Markdown("\n".join(lines))

# %% [markdown]
# To download and verify one now, type in a terminal
#
#     webtoonfaces fetch stylegan2 webtoon
#
# and load it by its name: `wf.load_stylegan2("webtoon")`. If you have the file already, put it into the folder
# `checkpoints` beside the notebooks.

# %% [markdown]
# ## A file
# A path works like a name: `.safetensors` as this package writes it, or `.pt` in the original format. No code in such a
# file is run. What it needs to know is read from it: here the pictures are 128 px wide, and drawn from a code of L = 12
# layers with D = 256 numbers each.

# %%
demo = wf.load_stylegan2("demo")
path = demo.weights.path  # or "250000.pt"
G = wf.load_stylegan2(path)
G

# %% [markdown]
# A file that does not fit raises an error that says why. Here, a Swapping Autoencoder instead of a StyleGAN2:

# %%
try:
    wf.load_stylegan2(wf.load_swapae("demo").weights.path)
except wf.errors.WeightsError as error:
    print(error)

# %% [markdown]
# ## Explore it
# Everything that the other notebooks do works with any model: five samples, and a pad on which you drag between four.

# %%
wf.show(G.render(G.sample_ws(range(5), truncation_psi=0.7), upscale=True))

# %%
wf.InterpolationPad(G)

# %% [markdown]
# ## Convert, and train
# In a terminal, `webtoonfaces convert stylegan2 250000.pt webtoon.safetensors` writes a smaller file that loads faster;
# the other way round it gives the original format back. `webtoonfaces train --help` says how to train models of your
# own.
