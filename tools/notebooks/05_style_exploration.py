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
# # A walk through styles
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/05_style_exploration.ipynb)
#
# The photo is encoded once; only its style changes, slowly, from that of one sample to that of the next.

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
G, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")
face = wf.align_face(wf.example_photo())  # or wf.align_face("my-photo.jpg")

# %% [markdown]
# ## Many styles at a glance
# Eight samples; pick the ones that you like by their seeds.

# %%
seeds = range(8)
sheet = wf.face2webtoon(face, styles=seeds, swapae=AE, generator=G, locations=(3,), upscale=True)
sheet

# %% [markdown]
# ## From one to the next
# Three seeds, six steps between two of them, and back to the first. The steps are codes, which are used as styles.

# %%
from IPython.display import Image

walk = wf.loop(G.sample_ws([0, 3, 6], truncation_psi=0.7), steps=6)
styles = G.render(walk)
frames = wf.face2webtoon(face, styles=styles, swapae=AE, generator=G, locations=(3,), upscale=True).images[0]
frames = [frame.resize((384, 384)) for frame in frames]
Image(data=wf.save_webp(frames, "styles.webp", fps=8).read_bytes(), format="webp")

# %% [markdown]
# ## The animation of the original
# Ten samples and the way from each to the next, nine seconds: style above, photo and result below.

# %%
Image(data=sheet.gif("exploration.webp").read_bytes(), format="webp")
