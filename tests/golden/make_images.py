"""Makes the fixtures of tests/io/image_test.cpp: small photos in images/ and the pixels that TensorFlow gives for them.

    python make_images.py        (needs tensorflow, numpy, pillow; writes beside itself)

PHOTO is NAME.jpg, NAME.png or NAME.webp, and PHOTO.ppm its pixels, decoded by tf.io with three channels, not turned by
EXIF; PHOTO.upright.ppm the same turned upright by Pillow. PHOTO.HEIGHTxWIDTH.f32 holds the float32 values, little-endian,
(height, width, 3), of tf.image.resize(method="bilinear", antialias=False).
"""

import io
import pathlib
import struct
import zlib

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parent / "images"
HEIGHT, WIDTH = 23, 37
EXIF_PREFIX = b"Exif\0\0"


def scene(height=HEIGHT, width=WIDTH):
    """A smooth gradient with a disc, a bar and a diagonal on it: edges of every direction, all of the colours."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = x / width, y / height
    picture = np.stack([255 * u, 255 * v, 255 * (1 - u) * (1 - v)], axis=-1)
    picture[(u - 0.3) ** 2 + (v - 0.4) ** 2 < 0.05] = [230, 40, 60]
    picture[(u > 0.6) & (u < 0.75) & (v > 0.2)] = [20, 200, 90]
    picture[np.abs(u - v - 0.1) < 0.04] = [250, 240, 20]
    return np.clip(picture, 0, 255).astype(np.uint8)


def encode(picture, file_format, mode="RGB", **options):
    buffer = io.BytesIO()
    Image.fromarray(picture, mode).save(buffer, file_format, **options)
    return buffer.getvalue()


def jpeg(picture, mode="RGB", **options):
    return encode(picture, "jpeg", mode, **{"quality": 85, **options})


def split_jpeg_segment(data, marker):
    """The bytes before a segment, the segment itself, and those after it."""
    start = data.index(b"\xff" + bytes([marker]))
    end = start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0]
    return data[:start], data[start:end], data[end:]


def tiff(orientation, order):
    """An EXIF block of one entry; `order` is '<' or '>'."""
    header = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return header + struct.pack(order + "H", 1) + entry + struct.pack(order + "I", 0)


def with_exif(data, orientation, order):
    block = EXIF_PREFIX + tiff(orientation, order)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def pack_row(row, bits):
    if bits == 16:
        return row.astype(">u2").tobytes()
    if bits == 8:
        return row.astype(np.uint8).tobytes()
    samples = row.reshape(-1).astype(np.uint8)
    unpacked = (samples[:, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(unpacked.reshape(-1)).tobytes()


ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def png(samples, bits, color_type, interlaced=False, chunks=()):
    """A PNG of samples (height, width, channels): Pillow writes neither interlacing nor every depth."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    raw = b"".join(b"\0" + pack_row(row, bits) for p in passes if p.shape[1] for row in p)
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, int(interlaced))
    body = b"".join(chunk(name, data) for name, data in chunks)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body
            + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def jpegs():
    picture = scene()
    grey = picture.mean(axis=-1).astype(np.uint8)
    inks = np.concatenate([255 - picture, np.full((HEIGHT, WIDTH, 1), 40, np.uint8)], axis=-1)
    files = {
        "baseline_444": jpeg(picture, subsampling=0),
        "baseline_422": jpeg(picture, subsampling=1),
        "baseline_420": jpeg(picture, subsampling=2),
        "baseline_low_quality": jpeg(picture, quality=20),
        "restart_markers": jpeg(picture, restart_marker_blocks=1),
        "rgb": jpeg(picture, keep_rgb=True),
        "progressive": jpeg(picture, progressive=True),
        "progressive_grey": jpeg(grey, "L", progressive=True),
        "grey": jpeg(grey, "L"),
        "cmyk_adobe": jpeg(inks, "CMYK"),
    }
    # Pillow writes CMYK with Adobe's marker, whose last byte says how the colours are coded: 2 is YCCK.
    before, adobe, after = split_jpeg_segment(files["cmyk_adobe"], 0xEE)
    files["ycck_adobe"] = before + adobe[:-1] + b"\x02" + after
    files["cmyk_plain"] = before + after
    small = jpeg(scene(11, 17))
    for orientation in range(1, 9):
        files[f"exif_{orientation}"] = with_exif(small, orientation, "<>"[orientation % 2])
    return files


def pngs():
    picture = scene()
    grey = picture.mean(axis=-1, keepdims=True).astype(np.uint8)
    alpha = np.linspace(0, 255, HEIGHT * WIDTH).astype(np.uint8).reshape(HEIGHT, WIDTH, 1)
    # All 16 bits differ, so that keeping the high byte and rounding give different pixels.
    low = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint16).reshape(picture.shape) % 256
    wide = picture.astype(np.uint16) * 256 + low
    files = {
        "rgb8": png(picture, 8, 2),
        "rgb16": png(wide, 16, 2),
        "rgba8": png(np.concatenate([picture, alpha], -1), 8, 6),
        "rgba16": png(np.concatenate([wide, alpha.astype(np.uint16) * 257], -1), 16, 6),
        "grey_alpha8": png(np.concatenate([grey, alpha], -1), 8, 4),
        "grey16": png(wide[..., :1], 16, 0),
        "grey_transparent": png(grey, 8, 0, chunks=[(b"tRNS", struct.pack(">H", 128))]),
        "rgb_transparent": png(picture, 8, 2, chunks=[(b"tRNS", struct.pack(">HHH", 230, 40, 60))]),
        "interlaced_rgb8": png(picture, 8, 2, interlaced=True),
        "interlaced_grey2": png(grey >> 6, 2, 0, interlaced=True),
        "exif_6": png(scene(11, 17), 8, 2, chunks=[(b"eXIf", tiff(6, ">"))]),
    }
    for bits in (1, 2, 4, 8):
        files[f"grey{bits}"] = png(grey >> (8 - bits), bits, 0)
        colours = np.random.default_rng(bits).integers(0, 256, (2**bits, 3), np.uint8).tobytes()
        files[f"palette{bits}"] = png(grey >> (8 - bits), bits, 3, chunks=[(b"PLTE", colours)])
    files["palette_transparent"] = png(grey >> 4, 4, 3, chunks=[
        (b"PLTE", np.arange(48, dtype=np.uint8).tobytes()), (b"tRNS", bytes(range(0, 160, 10)))])
    return files


def webps():
    picture = scene()
    translucent = np.concatenate([picture, np.full((HEIGHT, WIDTH, 1), 90, np.uint8)], axis=-1)
    return {
        "lossy": encode(picture, "webp", quality=80),
        "lossless": encode(picture, "webp", lossless=True),
        "lossless_alpha": encode(translucent, "webp", "RGBA", lossless=True, exact=True),
        # A colour profile of odd size before the EXIF: chunks are padded to even sizes.
        "exif_6": encode(scene(11, 17), "webp", lossless=True, exif=tiff(6, "<"), icc_profile=b"odd"),
    }


def pixels(data, suffix):
    if suffix == "jpg":
        return tf.io.decode_jpeg(data, channels=3).numpy()
    if suffix == "png":
        return tf.io.decode_png(data, channels=3).numpy()
    return tf.io.decode_webp(data, channels=0).numpy()[0, ..., :3]


def write_ppm(name, picture):
    height, width = picture.shape[:2]
    (FOLDER / name).write_bytes(b"P6\n%d %d\n255\n" % (width, height) + picture.tobytes())


def upright(picture, data):
    image = Image.fromarray(picture)
    image.getexif()[0x0112] = Image.open(io.BytesIO(data)).getexif()[0x0112]
    return np.asarray(ImageOps.exif_transpose(image))


def main():
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for suffix, files in {"jpg": jpegs(), "png": pngs(), "webp": webps()}.items():
        for name, data in files.items():
            name = f"{name}.{suffix}"
            (FOLDER / name).write_bytes(data)
            picture = pixels(data, suffix)
            write_ppm(f"{name}.ppm", picture)
            if "exif" in name:
                write_ppm(f"{name}.upright.ppm", upright(picture, data))

    sizes = [(5, 7), (23, 37), (24, 24), (31, 29), (8, 60), (40, 6), (1, 1), (11, 18)]
    for name, picture in {"rgb8.png": scene(), "exif_6.png": scene(11, 17)}.items():
        for height, width in sizes:
            resized = tf.image.resize(picture, (height, width), method="bilinear", antialias=False)
            (FOLDER / f"{name}.{height}x{width}.f32").write_bytes(resized.numpy().astype("<f4").tobytes())


if __name__ == "__main__":
    main()
