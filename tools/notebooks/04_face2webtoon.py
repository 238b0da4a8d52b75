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
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/04_face2webtoon.ipynb)
#
# Run the cells from top to bottom (Shift + Enter). Nothing is downloaded: two small demo models come with the package.

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

# %% [markdown]
# ## Try it
# Upload a photo, pick a face, pick a style; *own style*, the swap location, says how much of the photo's own style
# stays. **Compare** shows photo and webtoon on the two sides of a line that you drag. Nothing leaves this machine. The
# demo models are small: what they draw is 128 px wide, and is shown enlarged.

# %%
wf.FaceStudio(AE, G)

# %% [markdown]
# ## The same in code
# Put the path of your own picture here; this one comes with the package.

# %%
photo = wf.example_photo()  # or "my-photo.jpg"
face = wf.align_face(photo)
face.image

# %% [markdown]
# First row: the photo, and five styles sampled from the StyleGAN2. Below, the photo in each style, swapped at location
# 3 and at location 5: this many of the autoencoder's eight layers keep the photo's own style, the others take the new
# one. The first column is the photo's reconstruction. These models were taught by drawings, so the photo is first drawn
# as a portrait, [as in notebook 8](08_portraits.ipynb); `cartoonize=None` takes the photo itself.

# %%
sheet = wf.face2webtoon(face, styles=5, swapae=AE, generator=G, upscale=True)
sheet

# %% [markdown]
# ## From a cartoon of the photo
# Instead of a portrait the photo can become a cartoon, made by smoothing and drawn lines, or by a published network
# (`wf.cartoonize`). The demo models gain less by it.

# %%
cartoon = wf.face2webtoon(face, styles=5, swapae=AE, generator=G, cartoonize=True, upscale=True)
pictures = [sheet.portrait.encoded, cartoon.portrait.encoded, sheet.reconstruction, cartoon.reconstruction]
wf.show(pictures, columns=4, titles=["portrait", "cartoon", "portrait, reconstructed", "cartoon, reconstructed"])

# %%
cartoon

# %% [markdown]
# ## Other styles
# A seed is a style; so is any picture.

# %%
wf.face2webtoon(face, styles=[42, 7, photo], swapae=AE, generator=G, locations=(1, 3, 6), upscale=True)

# %% [markdown]
# ## Back into the photo

# %%
sheet.paste(style=1, location=3)  # the second style

# %% [markdown]
# ## Save it
# The sheet as one picture, and each picture in a folder; a walk through styles is in
# [the next notebook](05_style_exploration.ipynb).

# %%
sheet.save("webtoon.png")
print("saved webtoon.png, and", len(sheet.save("webtoon")), "pictures in the folder webtoon")
