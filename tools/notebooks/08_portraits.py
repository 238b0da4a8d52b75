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
# # A portrait of your photo
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/08_portraits.ipynb)
#
# A face is *measured*: pose, hair, eyes, colours, what is worn. Then it is *drawn*, in the manner of any webtoon title,
# as curves. No network takes part, so it is sharp at any size.

# %%
try:
    import webtoonfaces as wf
except ModuleNotFoundError:  # for example on Colab; installs what is missing, without a restart
    import subprocess
    import sys

    package = "webtoonfaces[faces] @ git+https://github.com/webtoonfaces/webtoonfaces"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
    import webtoonfaces as wf

# %% [markdown]
# ## A photo
# NASA's portrait of Eileen Collins comes with the package; put the name of your own file in its place.

# %%
photo = wf.example_photo()  # or "my-photo.jpg"
p = wf.portrait(photo, title="romance")
p

# %% [markdown]
# What the photo told, which includes that there is no beard or no glasses, and what it did not, which is drawn plainly:

# %%
print("found:", ", ".join(p.found))
print("plain:", ", ".join(p.plain) or "nothing")

# %% [markdown]
# ## Every title

# %%
wf.show([p.draw(title, 256) for title in wf.titles()], titles=wf.titles(), columns=5, height=1.8)

# %% [markdown]
# ## From one title to another
# Drag: the same curves, one manner fading into the other.

# %%
from ipywidgets import interact
from PIL import Image


@interact(one=wf.titles(), other=[*wf.titles()[3:], *wf.titles()[:3]], share=(0.0, 1.0, 0.05))
def between(one, other, share=0.5):
    return Image.blend(p.draw(one, 384), p.draw(other, 384), share)


# %% [markdown]
# ## Everybody in a photo
# `wf.align_faces` finds all faces, and each can be drawn; `paste` puts one back into the photo, onto what the one
# before gave.

# %%
whole = photo
for face in wf.align_faces(photo, size=512):
    whole = wf.portrait(face, title="comedy").paste(onto=whole)
whole

# %% [markdown]
# ## Keep it
# The ending chooses: `.svg` is curves, `.png` is pixels; `.pdf` is curves with the extra `pdf`, pixels without.

# %%
print(p.svg("noir")[:300], "...")
for name in ("portrait.svg", "portrait.png", "portrait.pdf"):
    print("saved", p.save(name, "noir", 1024))

# %% [markdown]
# ## Made-up people
# The same curves draw people who do not exist: a seed is a person, the same in every title.

# %%
wf.show([wf.draw_face(seed, title=title) for title in ("noir", "pastel") for seed in range(5)], columns=5)
