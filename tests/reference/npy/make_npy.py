"""Writes the .npy files beside this script with numpy, for tests/core/io/test_npy.cpp.

Made with numpy 1.24.2 (Debian 12): python3 make_npy.py
"""
import pathlib

import numpy as np
from numpy.lib import format as npy_format

here = pathlib.Path(__file__).parent


def save(name, array, **options):
    np.save(here / f"{name}.npy", array, **options)


matrix = np.array([[1.5, -2.25, 3.0], [0.0, 1e-3, -7.0]])
save("f4_2x3", matrix.astype("<f4"))
save("f8_2x3", matrix.astype("<f8"))
save("f2_2x3", matrix.astype("<f2"))
save("i4_5", np.arange(-2, 3, dtype="<i4"))
save("i8_5", np.arange(-2, 3, dtype="<i8"))
save("b1_3", np.array([True, False, True]))
save("f4_scalar", np.float32(0.5))
save("f4_empty", np.zeros((0, 4), dtype="<f4"))
save("f4_6d", np.arange(64, dtype="<f4").reshape(2, 2, 2, 2, 2, 2))
save("f4_column_major", np.asfortranarray(matrix.astype("<f4")))
save("f4_big_endian", matrix.astype(">f4"))
save("object", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
save("structured", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]))
for version in ((2, 0), (3, 0)):
    with open(here / f"f4_2x3_version{version[0]}.npy", "wb") as file:
        npy_format.write_array(file, matrix.astype("<f4"), version=version)
