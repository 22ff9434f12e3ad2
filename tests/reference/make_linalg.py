"""Singular values and eigenvalues by numpy, in float64, of matrices of every form."""

from fixture import output_path, prepare, uniform, write_safetensors  # first: sets the number of threads

import numpy as np

SHAPES = ((1, 1), (2, 2), (5, 5), (12, 12), (33, 33), (3, 8), (8, 3), (1, 6), (6, 1), (40, 17))


def matrices():
    for rows, cols in SHAPES:
        yield f"random_{rows}x{cols}", uniform(f"linalg/{rows}x{cols}", (rows, cols), -1, 1)
    low_rank = uniform("linalg/left", (9, 2), -1, 1) @ uniform("linalg/right", (2, 9), -1, 1)
    yield "rank_2_of_9", low_rank.astype(np.float32).astype(np.float64)
    triangle = np.triu(uniform("linalg/triangle", (6, 6), -1, 1)) + np.diag(np.arange(6.0) - 2)
    yield "triangular_6x6", triangle.astype(np.float32).astype(np.float64)


def in_our_order(values):
    """Largest magnitude first, then larger real and larger imaginary part, as (n, 2)."""
    ordered = sorted(values, key=lambda value: (-abs(value), -value.real, -value.imag))
    return np.array([(value.real, value.imag) for value in ordered])


if __name__ == "__main__":
    prepare()
    tensors = {}
    for name, matrix in matrices():
        tensors[f"{name}/matrix"] = matrix
        tensors[f"{name}/singular_values"] = np.linalg.svd(matrix, compute_uv=False)
        if matrix.shape[0] == matrix.shape[1]:
            tensors[f"{name}/eigenvalues"] = in_our_order(np.linalg.eigvals(matrix).astype(complex))
    write_safetensors(output_path("linalg/decompositions.safetensors"), tensors,
                      {"source": f"numpy {np.__version__}, float64, one thread",
                       "note": "np.linalg.svd and np.linalg.eigvals"})
