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
# A face is *measured*: pose, hair, eyes, colours, what is worn. Then it is *drawn*, in the manner of any webtoon title.
# It is made of curves, so it is sharp at any size. No network draws here.

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
# NASA's portrait of Eileen Collins comes with the package; put the name of your own file in its place. Left, the face
# as it is cut out of the photo; right, its portrait.

# %%
photo = wf.example_photo()  # or "my-photo.jpg"
p = wf.portrait(photo, title="romance")
wf.show([p.face.image, p.draw()], titles=["photo", "romance"], height=4)

# %% [markdown]
# What could be read from the photo, and what could not and is drawn plainly. That a beard or glasses are named means
# that the photo shows whether there are any; in the example there are none.

# %%
print("read:", ", ".join(p.found))
print("drawn plainly:", ", ".join(p.plain) or "nothing")

# %% [markdown]
# ## Every title
# The same person fourteen times. A title decides lines, eyes, colours and background, and some change the light.

# %%
drawn = [p.draw(title, 256) for title in wf.titles()]
wf.show(drawn, titles=wf.titles(), columns=5, height=1.8)

# %% [markdown]
# ## From one title to another
# Choose two titles, and drag *share*: the picture of the one fades into that of the other.

# %%
from ipywidgets import interact
from PIL import Image


@interact(one=wf.titles(), other=wf.titles(), share=(0.0, 1.0, 0.05))
def between(one="romance", other="noir", share=0.5):
    return Image.blend(p.draw(one, 384), p.draw(other, 384), share)


# %% [markdown]
# ## Everybody in a photo
# `wf.align_faces` finds all faces, and each can be drawn; `paste` puts one back into the photo, onto what the one
# before gave. There is one face in the example; give `photo` a group, and everybody is drawn.

# %%
whole = photo
for face in wf.align_faces(photo, size=512):
    whole = wf.portrait(face, title="comedy").paste(onto=whole)
whole

# %% [markdown]
# ## Keep it
# The ending chooses: `.svg` is curves, `.png` is pixels; `.pdf` is curves with the extra `pdf`, pixels without.

# %%
for name in ("portrait.svg", "portrait.png", "portrait.pdf"):
    path = p.save(name, "noir", 1024)
    print(f"saved {path}, {path.stat().st_size / 1000:.0f} kB")

# %% [markdown]
# ## Made-up people
# The same hand draws people who do not exist: a seed is a person, the same in every title. Five of them, above in
# *noir*, below in *pastel*.

# %%
above = [wf.draw_face(seed, title="noir") for seed in range(5)]
below = [wf.draw_face(seed, title="pastel") for seed in range(5)]
wf.show([*above, *below], columns=5)
