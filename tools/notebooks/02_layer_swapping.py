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
# # Which layer does what
# [Open in Colab](https://colab.research.google.com/github/webtoonfaces/webtoonfaces/blob/main/notebooks/02_layer_swapping.ipynb)
#
# A code has a row for each layer of the model. Early layers determine what is where, late ones the colours. Take some
# rows from one face and the others from another.

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
# ## Mix
# Choose the layers that come from the second face, and how strongly.

# %%
wf.LayerMixer(G)

# %% [markdown]
# ## The same in code
# The first face keeps its early layers and takes the others from the second face. The fewer it keeps, the less of it
# remains.

# %%
a, b = G.sample_ws(0, truncation_psi=0.7), G.sample_ws(3, truncation_psi=0.7)
kept = range(0, G.num_ws + 1, 2)
faces = [G.render(wf.swap_at(a, b, location=layers), upscale=True)[0] for layers in kept]
wf.show(faces, columns=len(kept), titles=[f"{k} kept" for k in kept])

# %% [markdown]
# Any layers can be swapped, and each with its own strength. Here, the later half, and beyond the second face:

# %%
late = range(G.num_ws // 2, G.num_ws)
steps = (0, 0.5, 1, 1.5)
mixed = [wf.swap_layers(a, b, layers=late, strength=strength) for strength in steps]
wf.show([G.render(code, upscale=True)[0] for code in mixed], titles=[f"strength {strength}" for strength in steps])

# %% [markdown]
# ## All pairs
# Each row's face, with the later half of its layers from the face above.

# %%
rows, columns = G.sample_ws([0, 1, 2], truncation_psi=0.7), G.sample_ws([4, 5, 6, 7], truncation_psi=0.7)
cells = [None, *G.render(columns, upscale=True)]
for a in rows:
    mixed = wf.swap_layers(a[None], columns, layers=late)
    cells += [*G.render(a[None], upscale=True), *G.render(mixed, upscale=True)]
wf.contact_sheet(cells, columns=1 + len(columns), cell=192, background="white")
