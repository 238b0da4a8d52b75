"""Reading and writing every kind of picture, every layout, and animations that do not flicker."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import ExifTags, Image, ImageCms, ImageDraw

from webtoonfaces import images
from webtoonfaces.errors import BadInputError, ImageError, MissingExtraError

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
YELLOW = (255, 238, 0)


def gradient(width: int = 48, height: int = 32) -> Image.Image:
    """A picture without any symmetry, so that a turn, a flip or a swapped channel shows."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), (x + 2 * y) % 256], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def solid(color: tuple[int, ...], size: tuple[int, int] = (8, 8), mode: str = "RGB") -> Image.Image:
    return Image.new(mode, size, color)


def file_of(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def same(a: Image.Image, b: Image.Image) -> bool:
    return a.mode == b.mode and a.size == b.size and a.tobytes() == b.tobytes()


# --- load_image: kinds of source ---------------------------------------------------------------------------------


def test_every_kind_of_source_gives_the_same_picture(tmp_path: Path) -> None:
    picture = gradient()
    array, content = np.asarray(picture), file_of(picture, "PNG")
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    at_its_end = io.BytesIO(content)
    at_its_end.seek(0, io.SEEK_END)
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
    sources = [
        *(path, str(path), content, bytearray(content), memoryview(content), at_its_end, picture, Image.open(path)),
        *(array, array.astype(np.uint16) * 257, array / 255, (array / 255).astype(np.float32), array[:, ::-1][:, ::-1]),
        *(tensor, tensor[None], tensor.float() / 127.5 - 1, (tensor.double() / 127.5 - 1)[None]),
    ]
    for source in sources:
        assert same(images.load_image(source), picture), type(source)


def test_a_file_object_is_left_open_and_a_pil_image_untouched() -> None:
    stream = io.BytesIO(file_of(gradient(), "JPEG"))
    images.load_image(stream)
    assert not stream.closed
    original = gradient()
    images.load_image(original).paste(RED, (0, 0, 48, 32))
    assert same(original, gradient())


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "TGA", "JPEG2000"])
def test_file_formats(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    assert same(images.load_image(file_of(solid((18, 52, 86)), format, **options)), solid((18, 52, 86)))


def test_array_shapes_and_types() -> None:
    grey = np.array([[0, 128, 255]], np.uint8)
    expected = Image.fromarray(grey).convert("RGB")
    sources = [
        grey,
        grey[..., None],
        np.repeat(grey[..., None], 3, axis=2),
        np.array([[0, 128 * 257, 65535]], np.uint16),
    ]
    for source in [*sources, np.array([[0.0, 128 / 255, 1.0]])]:
        assert same(images.load_image(source), expected), (source.dtype, source.shape)
    assert pixels(images.load_image(np.array([[False, True]])))[0].tolist() == [[0, 0, 0], [255, 255, 255]]
    clear = np.array([[[255, 0, 0, 0], [255, 0, 0, 255]]], np.uint8)
    assert pixels(images.load_image(clear, background="blue"))[0].tolist() == [list(BLUE), list(RED)]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (np.zeros((3, 20, 20), np.uint8), "transpose"),
        (np.zeros((0, 4, 3), np.uint8), r"\[0, 4, 3\]"),
        (np.zeros(5), r"\[5\]"),
        (np.zeros((4, 4, 3), np.int64), "astype"),
        (np.full((4, 4, 3), 255.0), "Divide by 255"),
        (np.full((4, 4, 3), -1.0), r"\[-1, 1\]"),
        (np.full((4, 4, 3), np.nan), "NaN"),
        (torch.zeros(2, 3, 4, 4), "2 pictures"),
        (torch.zeros(1, 4, 4), r"\[1, 4, 4\]"),
        (torch.zeros(1, 4, 4, dtype=torch.uint8), r"\[1, 4, 4\]"),
        (torch.zeros(3, 4, 4, dtype=torch.int64), "int64"),
        (torch.full((3, 4, 4), torch.inf), "infinity"),
        (b"", "empty"),
        (b"this is no picture at all", "not a picture"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(50), "HEIC"),
        (io.StringIO("text"), "'rb'"),
        (io.BytesIO(), "empty"),
        (None, "NoneType"),
        (7, "int"),
        ("https://example.org/face.png", "never fetched"),
        ("HTTP://example.org/face.png", "never fetched"),
        ("there is no such file.png", "no file"),
        ("null\0byte.png", "no file"),
        ("x" * 5000, "no file"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(source: object, says: str) -> None:
    with pytest.raises(ImageError, match=says) as caught:
        images.load_image(source)
    assert len(str(caught.value)) < 500


def test_folders_devices_and_empty_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for path, says in [(tmp_path, "folder"), (tmp_path / "empty.png", "is empty"), ("/dev/null", "regular")]:
        with pytest.raises(ImageError, match=says):
            images.load_image(path)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_cut_short_is_refused(format: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    content = file_of(noise, format)
    with pytest.raises(ImageError):
        images.load_image(content[: len(content) // 2])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_give_a_picture_or_an_image_error(data: st.DataObject) -> None:
    format = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"]))
    content = bytearray(file_of(gradient(), format))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Pillow's remarks on damaged TIFF tags
        with contextlib.suppress(ImageError):
            assert images.load_image(bytes(content)).mode == "RGB"


# --- load_image: size limit --------------------------------------------------------------------------------------


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header promises width x height pixels, with almost nothing behind it."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8001, 10_000, 12_000, 60_000])
def test_too_many_pixels_are_refused_from_the_header_without_a_warning(side: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match="megapixels"):
            images.load_image(huge_png(side, side))


def test_nothing_is_decoded_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: Image.Image) -> None:
        raise AssertionError("decoded")

    content = file_of(gradient(40, 30), "PNG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    for source in (content, Image.open(io.BytesIO(content))):
        with pytest.raises(ImageError, match="40 x 30"):
            images.load_image(source, max_pixels=1199)


def test_the_limit_is_inclusive_and_holds_for_arrays_and_tensors() -> None:
    picture = gradient(40, 30)
    for source in (picture, np.asarray(picture), images.to_tensor(picture)):
        assert images.load_image(source, max_pixels=1200).size == (40, 30)
        with pytest.raises(ImageError, match="megapixels"):
            images.load_image(source, max_pixels=1199)
    with pytest.raises(BadInputError, match="max_pixels"):
        images.load_image(picture, max_pixels=0)


# --- load_image: modes, orientation, colour ----------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(format: str, orientation: int) -> None:
    corners = Image.new("RGB", (64, 32))
    for index, color in enumerate((RED, GREEN, BLUE, WHITE)):
        corners.paste(color, (index % 2 * 32, index // 2 * 16, index % 2 * 32 + 32, index // 2 * 16 + 16))
    undo = {  # how a camera that notes `orientation` stores an upright picture
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = corners if orientation == 1 else corners.transpose(undo[orientation])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    loaded = images.load_image(file_of(stored, format, exif=exif))
    assert loaded.size == (64, 32)
    assert np.abs(pixels(loaded) - pixels(corners))[4:-4:8, 4:-4:8].max() < 12
    assert not loaded.getexif()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_does_not_spoil_the_picture() -> None:
    content = file_of(gradient(), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff junk")
    assert same(images.load_image(content), gradient())


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "RGBX", "RGBa", "LA", "La", "PA", "CMYK", "YCbCr", "HSV", "LAB"]
)
def test_every_mode_becomes_rgb(mode: str) -> None:
    color = (204, 51, 102)  # in Pillow's default palette
    steps = {"La": ["L", "LA", "La"], "PA": ["P", "PA"], "RGBa": ["RGBA", "RGBa"]}.get(mode, [mode])
    source = solid(color)
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        source = ImageCms.profileToProfile(source, srgb, lab, outputMode="LAB")
    for step in steps:
        source = source.convert(step)
    assert source.mode == mode
    loaded = images.load_image(source)
    assert loaded.mode == "RGB"
    if mode in ("1", "L", "LA", "La"):
        assert same(loaded, loaded.convert("L").convert("RGB"))
    else:
        assert np.abs(pixels(loaded) - color).max() <= 3


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "PA", "La", "RGBa"])
def test_transparency_shows_the_background(mode: str) -> None:
    picture = Image.new("RGBA", (4, 1), (0, 0, 0, 255))
    picture.putpixel((0, 0), (0, 0, 0, 0))
    if mode == "P":
        picture = Image.open(io.BytesIO(file_of(picture.quantize(4), "PNG")))
        assert picture.mode == "P"
    elif mode in ("LA", "La"):
        picture = picture.convert("LA").convert(mode)
    elif mode == "PA":
        alpha = picture.getchannel("A")
        picture = picture.convert("RGB").convert("P").convert("PA")
        picture.putalpha(alpha)
    else:
        picture = picture.convert(mode)
    assert images.load_image(picture).getpixel((0, 0)) == WHITE
    loaded = images.load_image(picture, background="#ff0000")
    assert [loaded.getpixel((x, 0)) for x in range(2)] == [RED, BLACK]
    assert images.load_image(picture, background=(0, 0, 255)).getpixel((0, 0)) == BLUE


def test_half_transparent_pixels_are_mixed_and_colour_keys_honoured() -> None:
    half = solid((200, 100, 0, 128), mode="RGBA")
    assert np.abs(pixels(images.load_image(half, background="black"))[0, 0] - [100, 50, 0]).max() <= 1
    keyed = file_of(Image.fromarray(np.array([[5, 200]], np.uint8)), "PNG", transparency=5)
    assert pixels(images.load_image(keyed, background="red"))[0].tolist() == [list(RED), [200] * 3]
    keyed = file_of(Image.fromarray(np.array([[1285, 51400]], np.uint16)), "PNG", transparency=1285)
    assert pixels(images.load_image(keyed, background="red"))[0].tolist() == [list(RED), [200] * 3]


@pytest.mark.parametrize(("format", "kind"), [("PNG", "<u2"), ("TIFF", "<u2"), ("TIFF", ">u2")])
def test_sixteen_bit_greys_keep_their_scale(format: str, kind: str) -> None:
    values = np.array([[0, 257 * 100, 65535]], kind)
    assert pixels(images.load_image(file_of(Image.fromarray(values), format)))[0, :, 0].tolist() == [0, 100, 255]
    by_hand = b"P5 3 1 65535\n" + values.astype(">u2").tobytes()
    assert pixels(images.load_image(by_hand))[0, :, 0].tolist() == [0, 100, 255]


@pytest.mark.parametrize(
    ("mode", "values", "expected"),
    [
        ("I", [0, 25700, 65535], [0, 100, 255]),
        ("I", [0, 100, 255], [0, 100, 255]),
        ("I", [-5, 0, 2**31 - 1], [0, 0, 255]),
        ("F", [0.0, 100 / 255, 1.0], [0, 100, 255]),
        ("F", [0.0, 100.0, 255.0], [0, 100, 255]),
        ("F", [0.0, 25700.0, 65535.0], [0, 100, 255]),
    ],
)
def test_modes_that_do_not_say_what_white_is(mode: str, values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.int32 if mode == "I" else np.float32))
    assert image.mode == mode
    assert pixels(images.load_image(image))[0, :, 0].tolist() == expected


def test_float_pictures_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ImageError, match="NaN"):
        images.load_image(Image.fromarray(np.full((2, 2), np.nan, np.float32)))


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_shows_its_first_frame(format: str) -> None:
    rest = [solid(GREEN), solid(BLUE)]
    options = {"lossless": True} if format == "WEBP" else {}
    content = file_of(solid(RED), format, save_all=True, append_images=rest, **options)
    assert images.load_image(content).getpixel((3, 3)) == RED


def test_cmyk_jpeg_and_icc_profiles_are_converted() -> None:
    cmyk = images.load_image(file_of(solid((0, 255, 255, 0), mode="CMYK"), "JPEG", quality=100))
    assert np.abs(pixels(cmyk)[4, 4] - RED).max() <= 3

    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    mismatched = file_of(solid((200, 30, 60)), "PNG", icc_profile=lab)  # not a profile of RGB: passed over
    assert images.load_image(mismatched).getpixel((0, 0)) == (200, 30, 60)
    assert images.load_image(file_of(solid(RED), "PNG", icc_profile=b"junk")).getpixel((0, 0)) == RED

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged = images.load_image(file_of(gradient(), "PNG", icc_profile=srgb))
    assert same(tagged, gradient())
    assert not tagged.info


def swapped_profile() -> bytes:
    """The sRGB profile with its red and green primaries exchanged: a profile whose effect cannot be overlooked."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    entries = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 136 + 12 * i for i in range(count)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    profile[red : red + 8], profile[green : green + 8] = profile[green : green + 8], profile[red : red + 8]
    name = "sRGB".encode("utf-16-be")
    return bytes(profile).replace(name, "swap".encode("utf-16-be"))


def test_a_profile_other_than_srgb_is_applied_and_dropped() -> None:
    loaded = images.load_image(file_of(solid((255, 0, 0, 255), mode="RGBA"), "PNG", icc_profile=swapped_profile()))
    assert np.abs(pixels(loaded)[0, 0] - GREEN).max() <= 2
    assert not loaded.info


# --- tensors -----------------------------------------------------------------------------------------------------


def test_to_tensor_shape_type_and_range() -> None:
    tensor = images.to_tensor(gradient(48, 32))
    assert tensor.shape == (1, 3, 32, 48)
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous()
    assert tensor.min() == -1
    assert tensor.max() == 1
    assert images.to_tensor([gradient(), np.asarray(gradient())]).shape == (2, 3, 32, 48)
    assert images.to_tensor(tensor.expand(3, -1, -1, -1)).shape == (3, 3, 32, 48)
    assert images.to_tensor(gradient(), size=16).shape == (1, 3, 16, 16)
    assert images.to_tensor([gradient(9, 5), gradient()], size=(20, 10)).shape == (2, 3, 10, 20)


def test_different_sizes_need_a_size() -> None:
    with pytest.raises(ImageError, match=r"48 x 32.*size="):
        images.to_tensor([gradient(), gradient(10, 10)])
    with pytest.raises(ImageError, match="empty"):
        images.to_tensor([])
    for size in (0, -4, 2.5, "64", (8, 0), (1, 2, 3), True):
        with pytest.raises(BadInputError, match="size must be"):
            images.to_tensor(gradient(), size=size)


def test_resizing_is_antialiased() -> None:
    lines = Image.fromarray(np.tile(np.array([[0, 255]], np.uint8), (64, 32)))  # one pixel black, one white
    shrunk = images.to_tensor(lines, size=8)
    assert shrunk.abs().max() < 0.1  # grey; without antialiasing all black or all white


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_levels_survive_the_way_through_a_tensor(array: np.ndarray) -> None:
    picture = Image.fromarray(array)
    assert same(images.to_pil(images.to_tensor(picture))[0], picture)


@settings(max_examples=100, deadline=None)
@given(st.floats(-3, 3, width=32))
def test_to_pil_clamps_and_rounds_to_the_nearest_level(value: float) -> None:
    level = images.to_pil(torch.full((3, 1, 1), value))[0].getpixel((0, 0))[0]
    assert abs(level - (min(1, max(-1, value)) + 1) * 127.5) <= 0.5 + 1e-4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_to_pil_takes_any_float_and_graph(dtype: torch.dtype) -> None:
    tensor = torch.linspace(-1, 1, 2 * 3 * 4 * 5).reshape(2, 3, 4, 5).to(dtype).requires_grad_()
    pictures = images.to_pil(tensor.to(memory_format=torch.channels_last))
    assert [picture.size for picture in pictures] == [(5, 4), (5, 4)]
    assert pictures[0].getpixel((0, 0))[0] == 0
    assert pictures[1].getpixel((4, 3))[2] == 255


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        (torch.tensor([float("nan")] * 12).reshape(3, 2, 2), "NaN"),
        (torch.full((3, 2, 2), -torch.inf), "NaN or infinity"),
        (torch.zeros(3, 2, 2, dtype=torch.uint8), "uint8"),
        (torch.zeros(2, 1, 2, 2), r"\[2, 1, 2, 2\]"),
        (torch.zeros(3, 0, 2), r"\[3, 0, 2\]"),
        ([1, 2], "list"),
    ],
)
def test_to_pil_refuses(tensor: torch.Tensor, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        images.to_pil(tensor)


# --- sheets ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 12),
    columns=st.none() | st.integers(1, 6),
    gap=st.integers(0, 4),
    margin=st.integers(0, 5),
    blanks=st.sets(st.integers(1, 11)),
)
def test_every_pixel_of_a_contact_sheet(
    count: int, columns: int | None, gap: int, margin: int, blanks: set[int]
) -> None:
    colors = [(20 * index + 10, 255 - 20 * index, 90) for index in range(count)]
    pictures = [None if index in blanks else solid(color, (7, 5)) for index, color in enumerate(colors)]
    sheet = images.contact_sheet(pictures, columns=columns, gap=gap, margin=margin, background="blue")
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    expected = np.empty((2 * margin + rows * (5 + gap) - gap, 2 * margin + columns * (7 + gap) - gap, 3), int)
    expected[:] = BLUE
    for index, color in enumerate(colors):
        if index not in blanks:
            top, left = margin + index // columns * (5 + gap), margin + index % columns * (7 + gap)
            expected[top : top + 5, left : left + 7] = color
    assert np.array_equal(pixels(sheet), expected)


def test_pictures_of_other_sizes_are_fitted_and_centred() -> None:
    sheet = images.strip([solid(RED, (20, 10)), solid(GREEN, (5, 10))], cell=(20, 20))
    assert sheet.size == (40, 20)
    assert [sheet.getpixel(at) for at in ((10, 2), (10, 10), (10, 17))] == [BLACK, RED, BLACK]
    assert [sheet.getpixel(at) for at in ((22, 10), (30, 10), (37, 10))] == [BLACK, GREEN, BLACK]
    assert images.strip([solid(RED, (1, 1000)), solid(RED, (30, 4))], cell=8).size == (16, 8)
    assert images.contact_sheet([solid(RED, (6, 9)), solid(RED, (8, 2))]).size == (16, 9)


def test_labels_are_written_below_and_never_over_the_picture() -> None:
    pictures = [solid(WHITE, (64, 64)), solid(WHITE, (64, 64)), None]
    labels = ["seed 1", "a label much too long for the width of its cell", None]
    plain, labelled = images.strip(pictures), images.strip(pictures, labels=labels)
    band = pixels(labelled)[64:]
    assert same(labelled.crop((0, 0, 192, 64)), plain)
    assert band[:, :64].max() > 150
    assert band[:, 64:128].max() > 150
    assert band[:, 128:].max() == 0
    assert band[:, 126:130].max() == 0  # shortened rather than run into the next cell
    dark_on_light = images.strip(pictures[:1], labels=["seed"], background="white")
    assert pixels(dark_on_light)[64:].min() < 100
    with pytest.raises(BadInputError, match="labels"):
        images.strip(pictures, labels=["one"])


def test_sheets_take_one_picture_and_tensors_and_refuse_nothing() -> None:
    assert images.contact_sheet(solid(RED)).size == (8, 8)
    assert images.contact_sheet(torch.zeros(4, 3, 6, 6)).size == (12, 12)
    assert images.strip(np.zeros((3, 4, 5, 3), np.uint8)).size == (15, 4)
    for refused in ([], [None, None]):
        with pytest.raises(ImageError):
            images.strip(refused)
    assert images.strip([None, None], cell=4).size == (8, 4)
    for options in ({"columns": 0}, {"gap": -1}, {"margin": 1.5}, {"cell": 0}, {"background": "no colour"}):
        with pytest.raises(BadInputError):
            images.contact_sheet([solid(RED)], **options)


def test_frame_is_drawn_inside_the_edge_of_a_copy() -> None:
    picture = solid(BLUE, (96, 96))
    framed = pixels(images.frame(picture))
    inner = framed[2:-2, 2:-2]
    assert (inner == BLUE).all()
    framed[2:-2, 2:-2] = YELLOW
    assert (framed == YELLOW).all()
    assert picture.getpixel((0, 0)) == BLUE
    assert images.frame(picture, color="red", width=10).getpixel((9, 50)) == RED
    assert (pixels(images.frame(solid(BLUE, (5, 3)), width=40)) == YELLOW).all()


@pytest.mark.parametrize("bottom", [0, 2, 3])
def test_swap_sheet_puts_each_picture_in_its_place(bottom: int) -> None:
    def shade(index: int) -> tuple[int, int, int]:
        return 10 + 20 * index, 200 - 15 * index, 60

    cells = [solid(shade(index), (40, 40)) for index in range(12)]
    sheet = images.swap_sheet(
        cells[0], cells[3], cells[1:3], cells[4:6], cells[9 : 9 + bottom], cells[6 : 6 + bottom], margin=2
    )
    rows = [[0, 1, 2], [3, 4, 5]]
    if bottom == 3:
        rows += [[6, 7, 8], [9, 10, 11]]
    elif bottom == 2:
        rows += [[None, 6, 7], [None, 9, 10]]
    assert sheet.size == (3 * 40 + 4, len(rows) * 40 + 4)
    for row, indices in enumerate(rows):
        for column, index in enumerate(indices):
            expected = BLACK if index is None else shade(index)
            assert sheet.getpixel((2 + 40 * column + 20, 2 + 40 * row + 20)) == expected
    assert sheet.getpixel((2, 2)) == YELLOW
    yellow = (pixels(sheet) == YELLOW).all(axis=-1)
    assert not yellow[:, 42:].any()  # one picture is framed, inside its own cell
    assert not yellow[42:].any()
    edge = np.concatenate([pixels(sheet)[:2].reshape(-1), pixels(sheet)[:, :2].reshape(-1)])
    assert not edge.any()


def test_swap_sheet_frames_a_large_source_as_thinly_as_a_small_one() -> None:
    small, large = solid(BLUE, (48, 48)), solid(BLUE, (480, 480))
    a = images.swap_sheet(small, small, [small], [small], cell=48)
    b = images.swap_sheet(large, small, [small], [small], cell=48)
    assert same(a, b)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (2, 1, 0, 0), (2, 2, 2, 1), (2, 2, 1, 1), (2, 2, 4, 4)])
def test_swap_sheet_refuses_counts_that_do_not_fit(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ImageError, match="style"):
        images.swap_sheet(solid(RED), solid(RED), *([solid(RED)] * count for count in counts))


# --- encode and save ---------------------------------------------------------------------------------------------


def test_png_is_lossless_and_carries_text() -> None:
    metadata = {"webtoonfaces": '{"seed": 1, "name": "웹툰 é 🙂"}', "Software": "", "Long": "x" * 100_000}
    opened = Image.open(io.BytesIO(images.encode(gradient(), metadata=metadata)))
    assert same(images.load_image(opened), gradient())
    assert {key: str(value) for key, value in opened.text.items()} == metadata
    assert b"iTXtwebtoonfaces" in images.encode(gradient(), metadata=metadata)


@pytest.mark.parametrize("key", ["", " edge", "two  spaces", "웹툰", "line\nbreak", "x" * 80])
def test_names_that_png_cannot_hold_are_refused(key: str) -> None:
    with pytest.raises(ImageError, match="Latin-1"):
        images.encode(gradient(), metadata={key: "text"})


def test_metadata_is_text_and_png_only() -> None:
    with pytest.raises(ImageError, match="Only PNG"):
        images.encode(gradient(), "JPEG", metadata={"a": "b"})
    with pytest.raises(ImageError, match="int"):
        images.encode(gradient(), metadata={"a": 1})


def test_jpeg_keeps_thin_coloured_lines() -> None:
    lines = solid(WHITE, (64, 64))
    ImageDraw.Draw(lines).line((0, 10, 63, 11), fill=RED)
    content = images.encode(lines, "jpg", quality=95)
    opened = Image.open(io.BytesIO(content))
    assert opened.format == "JPEG"
    assert all(component[1:3] == (1, 1) for component in opened.layer)  # 4:4:4: no channel is subsampled
    assert np.abs(pixels(images.load_image(content)) - pixels(lines)).max() < 60
    assert len(images.encode(gradient(), "JPEG", quality=20)) < len(images.encode(gradient(), "JPEG", quality=95))


def test_webp_and_unknown_formats() -> None:
    assert np.abs(pixels(images.load_image(images.encode(solid(RED), "webp"))) - RED).max() < 12
    with pytest.raises(ImageError, match="PNG, JPEG or WebP"):
        images.encode(gradient(), "BMP")
    with pytest.raises(ImageError, match="WEBP"):
        images.encode(solid(RED, (17_000, 1)), "WEBP")
    for quality in (0, 101, 50.5):
        with pytest.raises(BadInputError, match="quality"):
            images.encode(gradient(), "JPEG", quality=quality)


@pytest.mark.parametrize("name", ["a.png", "b.JPG", "c.jpeg", "d.webp"])
def test_save_image_by_suffix_into_a_new_folder(tmp_path: Path, name: str) -> None:
    path = images.save_image(gradient(), str(tmp_path / "new" / "folder" / name))
    assert path == tmp_path / "new" / "folder" / name
    assert images.load_image(path).size == (48, 32)
    assert [entry.name for entry in path.parent.iterdir()] == [name]
    assert path.stat().st_mode & 0o777 == (tmp_path / "new").stat().st_mode & 0o666


def test_save_image_names_the_suffixes_and_what_to_use_instead(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for name, says in [
        ("a.bmp", r"\.png, \.jpg, \.jpeg, \.webp, \.pdf"),
        ("a", "suffix"),
        ("a.svg", "suffix"),
        ("a.gif", "save_gif"),
        ("folder.png", "is a folder"),
        ("file/a.png", "is a file, not a folder"),
    ]:
        with pytest.raises(ImageError, match=says):
            images.save_image(gradient(), tmp_path / name)
        with pytest.raises(ImageError, match=says):
            images.check_target(tmp_path / name)


def test_a_pdf_is_one_page_that_shows_the_picture(tmp_path: Path) -> None:
    content = images.save_image(gradient(), tmp_path / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 1
    start = content.index(b"\xff\xd8\xff")  # the JPEG on it
    shown = images.load_image(content[start : content.index(b"endstream", start)])
    assert shown.size == gradient().size
    assert np.abs(pixels(shown).astype(int) - pixels(gradient())).mean() < 3


def test_a_failed_save_leaves_the_older_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = images.save_image(gradient(), tmp_path / "kept.png")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(content[:20])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(ImageError, match="No space left"):
            images.save_image(solid(RED), path)
    assert same(images.load_image(path), gradient())
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ImageError, match="could not be written"):
        images.save_image(gradient(), path / "below-a-file.png")


# --- animations --------------------------------------------------------------------------------------------------


def moving(count: int = 12, size: int = 64) -> list[Image.Image]:
    """A soft background of thousands of colours that stands still, and a square that moves over it."""
    y, x = np.mgrid[0:size, 0:size]
    pixels = np.stack([x * 3 + 20, y * 3 + 40, (x * y) // 20 + 10], axis=-1).clip(0, 255).astype(np.uint8)
    frames = [Image.fromarray(pixels.copy()) for _ in range(count)]
    for index, picture in enumerate(frames):
        picture.paste((250, 10 * index, 30), (2 * index, 8, 2 * index + 16, 24))
    return frames


def frames_of(path: Path) -> list[np.ndarray]:
    with Image.open(path) as opened:
        found = []
        for index in range(opened.n_frames):
            opened.seek(index)
            found.append(pixels(opened.convert("RGB")))
    return found


def durations_of(path: Path) -> list[int]:
    with Image.open(path) as opened:
        found = []
        for index in range(opened.n_frames):
            opened.seek(index)
            found.append(opened.info["duration"])
    return found


def test_what_stands_still_in_a_gif_is_the_same_in_every_frame(tmp_path: Path) -> None:
    sources = moving()
    path = images.save_gif((frame for frame in sources), tmp_path / "moving.gif")
    found = frames_of(path)
    assert len(found) == len(sources)
    for index in range(1, len(found)):
        still = (pixels(sources[index]) == pixels(sources[index - 1])).all(axis=-1)
        assert still.mean() > 0.5
        assert np.array_equal(found[index][still], found[index - 1][still])
    errors = [np.mean((seen - pixels(meant)) ** 2.0) for seen, meant in zip(found, sources, strict=True)]
    assert 10 * np.log10(255**2 / np.mean(errors)) > 31


def test_a_gif_has_one_palette_and_repeats(tmp_path: Path) -> None:
    path = images.save_gif(moving(), tmp_path / "moving.gif", loop=3)
    with Image.open(path) as opened:
        assert opened.info["loop"] == 3
        tables = {bytes(opened.global_palette.palette)}
        for index in range(opened.n_frames):
            opened.seek(index)
            assert not opened.tile or opened._frame_palette is None or bytes(opened._frame_palette.palette) in tables


def test_flat_colours_stay_flat_and_true_in_a_gif(tmp_path: Path) -> None:
    colors = [(255, 255, 255), (0, 0, 0), (205, 120, 33), (16, 200, 101)]
    frames = [solid(color, (16, 16)) for color in colors]
    found = frames_of(images.save_gif(frames, tmp_path / "flat.gif"))
    for seen, color in zip(found, colors, strict=True):
        assert (seen == color).all()


def test_gif_timing_is_kept_on_average(tmp_path: Path) -> None:
    durations = durations_of(images.save_gif(moving(31), tmp_path / "fast.gif", fps=30))
    assert set(durations) == {30, 40}
    assert abs(sum(durations) - 31 / 30 * 1000) <= 5
    assert set(durations_of(images.save_gif(moving(4), tmp_path / "slow.gif"))) == {50}


def test_repeated_frames_last_longer_and_a_single_frame_is_a_picture(tmp_path: Path) -> None:
    still = images.save_gif([solid(RED)] * 3 + [solid(BLUE)] * 2, tmp_path / "still.gif", fps=10)
    assert sum(durations_of(still)) == 500
    assert frames_of(still)[0][0, 0].tolist() == list(RED)
    assert frames_of(still)[-1][0, 0].tolist() == list(BLUE)
    assert len(frames_of(images.save_gif([gradient()], tmp_path / "one.gif"))) == 1


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(1, 20), st.just(3))))
def test_any_frames_make_a_gif_near_to_them(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = images.save_gif(array, tmp_path_factory.mktemp("gif") / "any.gif")
    first = frames_of(path)[0]
    assert first.shape == array.shape[1:]
    assert np.abs(first - array[0].astype(int)).mean() < 12


@pytest.mark.parametrize("save", [images.save_gif, images.save_webp, images.save_mp4])
def test_animations_refuse_what_cannot_be_one(tmp_path: Path, save: object) -> None:
    suffix = save.__name__.removeprefix("save_")
    with pytest.raises(ImageError, match="at least one frame"):
        save([], tmp_path / f"none.{suffix}")
    with pytest.raises(ImageError, match="Frame 1 is 9 x 8"):
        save([solid(RED), solid(RED, (9, 8))], tmp_path / f"sizes.{suffix}")
    with pytest.raises(ImageError, match=f"end in .{suffix}"):
        save([solid(RED)], tmp_path / "wrong.png")
    for fps in (0, -1, 1000, float("nan"), "20"):
        with pytest.raises(BadInputError, match="fps"):
            save([solid(RED)], tmp_path / f"fps.{suffix}", fps=fps)
    assert not list(tmp_path.iterdir())


def test_a_webp_plays_for_its_time_with_true_colours_and_is_smaller_than_a_gif(tmp_path: Path) -> None:
    colors = [(200, 40, 60), (30, 160, 90), (40, 60, 200)]
    with Image.open(images.save_webp([solid(color) for color in colors], tmp_path / "a.webp", fps=30)) as movie:
        assert (movie.format, movie.n_frames, movie.info["loop"]) == ("WEBP", 3, 0)
        seen = []
        for index in range(3):
            movie.seek(index)
            seen.append(np.asarray(movie.convert("RGB")).mean((0, 1)))
            assert movie.info["duration"] in (33, 34)
    assert np.abs(np.array(seen) - colors).max() < 6
    slope = np.asarray(gradient().resize((128, 128)))
    noise = np.random.default_rng(0).normal(0, 3, (12, *slope.shape))
    walk = [Image.fromarray((slope + each).clip(0, 255).astype(np.uint8)) for each in noise]
    webp, gif = (images.save_animation(walk, tmp_path / f"walk.{ending}") for ending in ("webp", "gif"))
    assert webp.stat().st_size < gif.stat().st_size / 2
    with pytest.raises(ImageError, match=r"\.gif, \.webp, \.mp4"):
        images.save_animation(walk, tmp_path / "walk.png")


def test_mp4_plays_with_true_colours_and_even_sides(tmp_path: Path) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    colors = [(200, 40, 60), (30, 160, 90), (40, 60, 200)]
    frames = (solid(color, (33, 17)) for color in colors for _ in range(4))
    path = images.save_mp4(frames, tmp_path / "folder" / "video.mp4", fps=12)
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    seen = [np.frombuffer(raw, np.uint8).reshape(18, 34, 3).astype(int) for raw in reader]
    assert meta["size"] == (34, 18)
    assert meta["fps"] == 12
    assert meta["pix_fmt"].startswith("yuv420p")
    assert len(seen) == 12
    for index, color in enumerate(colors):
        assert np.abs(seen[4 * index + 2] - color).max() <= 6
    assert [entry.name for entry in path.parent.iterdir()] == ["video.mp4"]


def test_a_video_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    with pytest.raises(ImageError, match="Frame 2"):
        images.save_mp4([solid(RED), solid(RED), solid(RED, (4, 4))], tmp_path / "broken.mp4")
    assert not list(tmp_path.iterdir())


def test_mp4_names_the_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingExtraError, match=r"webtoonfaces\[video\]"):
        images.save_mp4([solid(RED)], tmp_path / "a.mp4")


# --- show and imports --------------------------------------------------------------------------------------------


def drawn(figure: object) -> list[object]:
    return [axes.images[0] for axes in figure.axes if axes.images]


def test_show_returns_a_figure_of_the_pictures() -> None:
    figure = images.show([gradient(), None, solid(RED)], columns=2, titles=["one", None, "$three"])
    assert len(figure.axes) == 4
    assert [np.asarray(image.get_array()).shape for image in drawn(figure)] == [(32, 48, 3), (8, 8, 3)]
    assert figure.axes[2].get_title() == "$three"
    figure.savefig(io.BytesIO())
    assert len(drawn(images.show(np.asarray(gradient())))) == 1
    assert len(drawn(images.show(torch.zeros(5, 3, 4, 4)))) == 5
    for refused in ({"pictures": []}, {"pictures": [None]}, {"pictures": [gradient()], "titles": []}):
        with pytest.raises(BadInputError):
            images.show(**refused)
    with pytest.raises(BadInputError, match="height"):
        images.show(gradient(), height=0)


def test_show_displays_once_a_cell_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    shell = types.SimpleNamespace(kernel=object(), execution_count=5)
    ipython = types.ModuleType("IPython")
    display = types.ModuleType("IPython.display")
    ipython.get_ipython = lambda: shell
    display.Image, display.display = dict, shown.append
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    figure = images.show(gradient())
    assert shown[0]["data"].startswith(b"\x89PNG")
    figure._ipython_display_()  # as the value of the same cell
    assert len(shown) == 1
    shell.execution_count = 6
    figure._ipython_display_()  # asked for again, in a later cell
    assert len(shown) == 2


def test_importing_and_saving_load_no_heavy_module() -> None:
    code = (
        "import sys; from PIL import Image; from webtoonfaces import images; "
        "images.encode(images.strip([Image.new('L', (4, 4))] * 2)); "
        "print(sorted({'torch', 'matplotlib', 'imageio_ffmpeg', 'IPython'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_show_leaves_pyplot_alone() -> None:
    code = (
        "import sys; from PIL import Image; from webtoonfaces import images; images.show(Image.new('L', (4, 4))); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
