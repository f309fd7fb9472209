/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_EIGEN_H
#define EMBLAS_EIGEN_H

#include <stddef.h>

/* Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations. a: d x d, both triangles;
   its diagonal becomes the eigenvalues. v: d x d, row i the eigenvector of a[i, i]. */
void emblas_eigen_symmetric(size_t d, double *a, double *v);

#endif
