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
# # Your photo, redrawn as a webtoon
#
# Run the cells from top to bottom (Shift + Enter). Nothing is downloaded: two small demo models come with the package.

# %%
import webtoonfaces as wf

G = wf.load_stylegan2("demo")
AE = wf.load_swapae("demo")
G, AE

# %% [markdown]
# ## The photo
# Put the path of your own picture here; this one comes with the package.

# %%
photo = wf.example_photo()  # or "my-photo.jpg"
face = wf.align_face(photo)
face.image

# %% [markdown]
# ## In five styles
# First row: the photo, and five styles sampled from the StyleGAN2. Below, the photo in each style, swapped at location
# 3 and at location 5: the first so many layers keep the photo's own texture. The first column is the photo as the
# autoencoder sees it.

# %%
sheet = wf.face2webtoon(face, styles=5, swapae=AE, generator=G, locations=(3, 5))
sheet

# %% [markdown]
# ## Other styles
# A seed is a style; so is any picture.

# %%
wf.face2webtoon(face, styles=[42, 7, photo], swapae=AE, generator=G, locations=(2, 4, 6))

# %% [markdown]
# ## Back into the photo

# %%
sheet.paste(style=0, location=3)

# %% [markdown]
# ## Keep it
# `save` writes every picture by itself, `gif` a nine-second walk through the styles (about half a minute on a laptop).

# %%
sheet.save("webtoon")

# %%
# sheet.gif("webtoon/exploration.gif")
