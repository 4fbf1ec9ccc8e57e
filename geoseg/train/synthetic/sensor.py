"""The camera and what happens to its pictures: blur, sharpened bands, haze, tones, noise, JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from geoseg.train.synthetic.noise import chance

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


def photograph(colour: NDArray[np.float32], rng: Generator) -> NDArray[np.uint8]:
    """(height, width, 3) colours in 0..1 to an 8-bit photo by a random sensor."""
    picture: NDArray[np.float32] = _blurred(colour, rng.uniform(0.35, 1.0))
    if chance(rng, 0.45):
        picture = _pansharpened(picture, rng)
    picture = _toned(_hazed(picture, rng), rng)
    if chance(rng, 0.35):
        sharper = np.float32(rng.uniform(0.3, 0.9))
        picture = picture + sharper * (picture - _blurred(picture, 1.2))
    picture = picture + _noise(picture.shape, rng)
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return _compressed(pixels, rng) if chance(rng, 0.6) else pixels


def _blurred(picture: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    return cv2.GaussianBlur(picture, (0, 0), sigma_px).astype(np.float32, copy=False)


def _pansharpened(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Colours four times coarser than brightness and slightly out of place."""
    shift = np.array([[1, 0, rng.normal(0, 0.7)], [0, 1, rng.normal(0, 0.7)]], np.float32)
    grey = picture.mean(axis=2, keepdims=True)
    colours = _blurred(picture - grey, rng.uniform(1.5, 3.0))
    size = picture.shape[1::-1]
    moved = cv2.warpAffine(colours, shift, size, borderMode=cv2.BORDER_REFLECT)
    sharp: NDArray[np.float32] = grey + moved
    return sharp


def _hazed(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    haze = max(0.0, rng.normal(0.05, 0.08))
    air = np.array([0.62, 0.68, 0.75], np.float32)
    return (picture * (1 - haze) + air * haze).astype(np.float32)


def _toned(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """A cast, a curve, and the contrast that some processing chose."""
    cast = 1 + rng.normal(0, 0.05, 3)
    picture = np.clip(picture * cast.astype(np.float32), 0, 1.3) ** rng.uniform(0.75, 1.5)
    if chance(rng, 0.5):
        low, high = np.percentile(picture[::7, ::7], [rng.uniform(0.2, 2), rng.uniform(97, 99.8)])
        bottom, top = rng.uniform(0, 0.12), rng.uniform(0.75, 1.0)
        picture = bottom + (picture - low) / max(0.1, high - low) * (top - bottom)
    grey = picture.mean(axis=2, keepdims=True)
    toned: NDArray[np.float32] = (grey + (picture - grey) * rng.uniform(0.5, 1.35)).astype(
        np.float32
    )
    return toned


def _noise(shape: tuple[int, ...], rng: Generator) -> NDArray[np.float32]:
    strength = rng.uniform(0.002, 0.02)
    common = rng.standard_normal((*shape[:2], 1), np.float32)
    return ((common + 0.4 * rng.standard_normal(shape, np.float32)) * strength).astype(np.float32)


def _compressed(pixels: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    quality = int(rng.integers(55, 96))
    _, code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
