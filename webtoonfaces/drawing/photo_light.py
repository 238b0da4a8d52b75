"""The layers of a pseudo-photo under a light: shadows thrown from one on another, skin, cloth, beards."""

from __future__ import annotations

import numpy as np

from .person import Person
from .photo_hair import Strands
from .photo_layers import Layers
from .photo_scene import GAMMA, TO_VIEWER, Light, mixed, noise, unit
from .relief import Grid, blurred, cast_shadow, face_depth, inflated, normals_of, resized, skull_depth, spread

CELLS = 96  # of the relief's grid


class Reliefs:
    """Depths of the layers, and the shadows that they throw on one another."""

    def __init__(self, person: Person, parts: Layers):
        head = person.head
        scale = head.scale
        alphas = (parts.body_alpha, parts.face_alpha, parts.hair_back, parts.hair_front)
        masks = [resized(alpha, CELLS).clip(0, 1) for alpha in alphas]
        self.body_mask, self.face_mask, self.back_mask, self.front_mask = masks
        self.face = face_depth(person, CELLS)
        skull = skull_depth(head, CELLS, 0.03)
        thick = inflated(self.front_mask, 3.0, 0.055 * scale)
        # Locks on the forehead lie on it, those at the sides before the ears.
        on_face = np.maximum(skull, blurred(self.face, 4) + 0.01 * scale)
        self.front = blurred(on_face, 1.5) + thick
        behind = blurred(skull_depth(head, CELLS, 0.06), 2) - 0.16 * scale
        self.back = behind + inflated(self.back_mask, 4, 0.12 * scale)
        at = (np.arange(CELLS, dtype=np.float32) + 0.5) / CELLS
        chin = person.points[8]
        x, y = np.meshgrid(at - chin[0], at - chin[1])
        cylinder = 0.15 * scale * np.sqrt(np.clip(1 - (x / (0.17 * scale)) ** 2, 0, 1))
        shoulders = inflated(self.body_mask, 7, 0.2 * scale) + 0.25 * np.clip(y - 0.12 * scale, 0, None)
        low = np.clip((y - 0.08 * scale) / (0.08 * scale), 0, 1)
        self.body = (-0.42 * scale + cylinder * (1 - low) + (0.05 * scale + shoulders) * low).astype(np.float32)
        self.body = blurred(self.body, 1.5)
        self.all: Grid = np.full((CELLS, CELLS), -0.9 * scale, dtype=np.float32)
        layers = (self.body, self.face, self.back, self.front)
        for which in (2, 0, 1, 3):  # from behind
            self.all = self.all + (layers[which] - self.all) * masks[which]


class Lit:
    """The layers under a light, in linear colours."""

    def __init__(
        self, person: Person, parts: Layers, reliefs: Reliefs, light: Light, rng: np.random.Generator, side: int
    ):
        self.person, self.parts, self.reliefs = person, parts, reliefs
        self.light, self.rng, self.side = light, rng, side
        self.skin_lit = self._irradiance(reliefs.face, reliefs.face_mask, np.array([0.42, 0.24, 0.18], np.float32))

    def metered(self, picture: Grid) -> float:
        """How bright the face is: what a camera exposes for."""
        face = self.parts.face_alpha * (1 - self.parts.hair_front)
        return float((picture.mean(-1) * face).sum() / (face.sum() + 1e-6))

    def over(self, picture: Grid) -> Grid:
        """The person before a place: `[S, S, 3]`, linear."""
        parts = self.parts
        strands = Strands(self.person, parts, self.light, self.rng, self.side)
        if parts.hair_back.any():
            back = strands.layer(self.reliefs.back, self._irradiance(self.reliefs.back, self.reliefs.back_mask))
            picture = mixed(picture, back, strands.edge(parts.hair_back))
        picture = mixed(picture, self._cloth(), parts.body_alpha)
        picture = mixed(picture, self._skin(), parts.face_alpha)
        if parts.beard is not None:
            picture = self._beard(picture, parts.beard)
        if parts.hair_short.any():
            picture = self._cropped(picture, parts.hair_short)
        lit = self.skin_lit
        if parts.hair_front.any():
            lit = self._irradiance(self.reliefs.front, self.reliefs.front_mask)
            picture = mixed(picture, strands.layer(self.reliefs.front, lit), strands.edge(parts.hair_front))
        if parts.worn is not None and parts.worn_alpha is not None:
            picture = mixed(picture, parts.worn**GAMMA * (0.5 * lit + 0.5 * self.skin_lit), parts.worn_alpha)
        return picture

    def _cropped(self, picture: Grid, mask: Grid) -> Grid:
        """Hair too short to lie: a dark nap on the scalp."""
        side = self.side
        nap = noise(self.rng, min(side, 220), side)
        alpha = np.clip(blurred(mask, 0.014 * side) * mask * (0.88 + 0.07 * nap), 0, 1)
        color = np.array(self.person.hair_color, dtype=np.float32) ** GAMMA
        return mixed(picture, color * self.skin_lit * np.clip(0.9 + 0.12 * nap, 0.3, 1.6)[..., None], alpha)

    def _beard(self, picture: Grid, mask: Grid) -> Grid:
        """Short hair on cheeks, chin and lip: dense where the mask is, single hairs at its border."""
        side = self.side
        hairs = noise(self.rng, min(side, 200), side) + 0.7 * noise(self.rng, 60, side)
        soft = blurred(mask, 0.012 * side)
        alpha = np.clip(1.12 * soft + 0.5 * soft * (1 - soft) * hairs, 0, 0.95)
        color = np.array(self.parts.natural, dtype=np.float32) ** GAMMA * 0.8
        return mixed(picture, color * self.skin_lit * np.clip(1 + 0.22 * hairs, 0.2, 2)[..., None], alpha)

    def _irradiance(self, depth: Grid, mask: Grid, wrap: Grid | float = 0.3) -> Grid:
        """Light that arrives at a layer, `[S, S, 3]`; `wrap` is how far light creeps round, for each colour."""
        light, scale = self.light, self.person.head.scale
        shadow = cast_shadow(self.reliefs.all, depth, light.key, 0.30 * scale, (0.02 + 0.10 * light.soft) * scale)
        normal = normals_of(depth)
        around = self.reliefs.all
        hollow = np.clip(blurred(around, 4) - depth, 0, None) + 0.6 * np.clip(blurred(around, 10) - depth, 0, None)
        open_ = np.exp(-9.0 * np.clip(hollow / scale, 0, 0.12))
        parts = spread(np.stack([shadow, open_, normal @ light.key, normal[..., 1]], -1), mask)
        shadow = blurred(parts[..., 0], 0.5 + 2.2 * light.soft)
        # Light that enters skin comes out beside: red furthest.
        shadows = np.stack([blurred(shadow, 1.3), blurred(shadow, 0.7), shadow], -1)
        soft = np.asarray(wrap, dtype=np.float32)
        key = np.clip((parts[..., 2:3] + soft) / (1 + soft), 0, None) * shadows
        sky = 0.5 - 0.5 * parts[..., 3:4]
        lit = key * light.color + (light.ground + (light.around - light.ground) * sky) * parts[..., 1:2]
        return resized(lit.astype(np.float32), self.side)

    def _skin(self) -> Grid:
        person, side, rng, light = self.person, self.side, self.rng, self.light
        albedo = self.parts.face**GAMMA
        # Blood and melanin are uneven; pores are fine.
        blood = noise(rng, 9, side)[..., None] * np.array([0.03, -0.045, -0.04], dtype=np.float32)
        brown = (0.03 * noise(rng, 22, side) + 0.025 * noise(rng, 70, side))[..., None]
        pores = noise(rng, min(side, 230), side)[..., None] * 0.045 * min(1.0, side / 256)
        albedo = albedo * (1 + blood + brown + pores)
        normal = normals_of(self.reliefs.face)
        facing = np.clip(normal @ unit(light.key + TO_VIEWER), 0, 1)
        oily = rng.uniform(0.25, 1.0)
        gloss = 0.07 * oily * facing**10 + 0.11 * oily * facing**42
        rim = 0.05 * (1 - normal[..., 2]) ** 3
        shine = resized(gloss + rim, side)[..., None] * light.color
        shine = shine * np.clip(self.skin_lit.mean(-1, keepdims=True) / light.color.mean(), 0, 1.2) * (1 + 3 * pores)
        return np.clip(albedo * self.skin_lit + shine * (0.6 + 0.4 * (1 - person.age)), 0, None)

    def _cloth(self) -> Grid:
        side, rng = self.side, self.rng
        folds = noise(rng, 12, CELLS) * 0.012 * self.person.head.scale
        wrap = np.array([0.3, 0.2, 0.18], np.float32)
        lit = self._irradiance(self.reliefs.body + folds, self.reliefs.body_mask, wrap)
        weave = 1 + 0.05 * noise(rng, min(side, 200), side)[..., None] + 0.04 * noise(rng, 30, side)[..., None]
        return (self.parts.body**GAMMA * lit * weave).clip(0)
