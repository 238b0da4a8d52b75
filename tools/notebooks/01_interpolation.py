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
# # Between four faces
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/01_interpolation.ipynb)
#
# A StyleGAN2 turns a *code* into a face. Every code between the codes of two faces gives a face, too.

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
G = wf.load_stylegan2("demo")
G

# %% [markdown]
# ## Drag
# Each corner is a sample, the handle is between them (the arrow keys move it too). *Details* has the corners' seeds,
# *boldness* (the truncation psi), the whole grid, and a loop to save. **Keep** puts what you see on a shelf that all
# explorers share.

# %%
wf.InterpolationPad(G)

# %% [markdown]
# ## The same in code
# `sample_ws` gives the codes of seeds, `interpolate` the grid between four of them. The demo model draws small
# pictures; `upscale=True` enlarges them four times, with crisp ink.

# %%
ws = G.sample_ws([0, 1, 2, 3], truncation_psi=0.7)
grid = wf.interpolate(ws, rows=5, cols=5)
wf.show(G.render(grid, upscale=True), columns=5)

# %% [markdown]
# ## How typical?
# Truncation moves a code towards the mean face: 0 gives the mean, 1 changes nothing. Lower is cleaner, higher more
# varied.

# %%
ws = G.sample_ws(7)
levels = (0, 0.3, 0.7, 1)
faces = [G.render(wf.truncate(ws, G.w_avg, psi=psi), upscale=True)[0] for psi in levels]
wf.show(faces, titles=[f"psi {psi}" for psi in levels], height=1.8)

# %% [markdown]
# ## A loop
# From each sample to the next and back to the first, as an animation.

# %%
from IPython.display import Image

walk = wf.loop(G.sample_ws(range(4), truncation_psi=0.7), steps=12)
frames = [frame.resize((384, 384)) for frame in G.render(walk, upscale=True)]
Image(data=wf.save_webp(frames, "loop.webp", fps=16).read_bytes(), format="webp")
