/* SPDX-License-Identifier: MIT */
#include "sound.h"

/* A pass_block: how many rows there are to each component, whatever they weigh. */
static void add_rows(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                     size_t count, double *to) {
  const struct block *block = &worker->block;
  struct emblas_block_sums sums = {{0}, 0, 0, 0};
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  emblas_pass_bayes(pass, worker, NULL, NULL, &sums);
  for (size_t c = 0; c < pass->components.k; c++)
    for (size_t i = 0; i < count; i++)
      if (view_weight(&worker->view, i) > 0) to[2 + c] += block->r[c * block->stride + i];
}

/* NULL: they follow from the mixing weights, since every row weighs the same. Else valid until the next
 * walk. */
static const double *count_rows(struct emblas_fitter *fitter, const double *theta) {
  struct pass *pass = &fitter->pass;
  if (!rows_have_weights(&fitter->data)) return NULL;
  emblas_compression_all(&fitter->compression, pass);
  emblas_pass_prepare(pass, theta);
  return emblas_pass_walk(pass, 2 + pass->components.k, add_rows, NULL) + 2;
}

void emblas_sound_flags(struct emblas_fitter *fitter, const double *theta, unsigned *flags) {
  struct pass *pass = &fitter->pass;
  const struct components *m = &pass->components;
  const double *rows = count_rows(fitter, theta);
  double least = (double)m->least_rows;
  if ((double)fitter->summary.rows < (double)m->k * least) least = 0; /* no model would have so many */
  for (size_t c = 0; c < m->k; c++) {
    double count = rows != NULL ? rows[c] : theta[c] * (double)rows_of_all(&fitter->data);
    if (flags[c] != 0) continue;
    if (count < least ||
        (m->family->narrow != NULL && m->family->narrow(m, theta, c, pass->workers[0].scratch)))
      flags[c] = EMBLAS_COMPONENT_SPURIOUS;
  }
}

static size_t count_equal(const struct emblas_data *data, size_t row) {
  const double *x = view_row(data, row);
  size_t count = 0;
  for (size_t i = 0; i < data->rows; i++) {
    const double *y = view_row(data, i);
    size_t j = 0;
    while (j < data->columns && x[j] == y[j]) j++;
    count += j == data->columns && view_weight(data, i) > 0;
  }
  return count;
}

/* The rows of a block that is loaded; most: the largest responsibilities so far. */
static void look_at_block(const struct pass *pass, const struct pass_worker *worker, size_t first,
                          const unsigned *flags, struct emblas_component_rows *places, double *most) {
  const struct block *block = &worker->block;
  const struct emblas_data *view = &worker->view;
  for (size_t c = 0; c < pass->components.k; c++)
    for (size_t i = 0; i < block->rows && flags[c] != 0; i++) {
      double own = block->r[c * block->stride + i];
      if (!(view_weight(view, i) > 0)) continue;
      places[c].rows += own;
      if (own <= most[c]) continue;
      most[c] = own;
      places[c].row = first + i;
    }
}

/* Of rows that are walked over as they come: how many there are, and no single ones. */
static void count_places(struct emblas_fitter *fitter, const double *theta,
                         struct emblas_component_rows *places) {
  struct pass *pass = &fitter->pass;
  emblas_pass_prepare(pass, theta);
  const double *rows = emblas_pass_walk(pass, 2 + pass->components.k, add_rows, NULL) + 2;
  for (size_t c = 0; c < pass->components.k; c++)
    places[c] = (struct emblas_component_rows){rows[c], EMBLAS_NOWHERE, 0};
}

void emblas_sound_places(struct emblas_fitter *fitter, const double *theta, const unsigned *flags,
                         struct emblas_component_rows *places) {
  struct pass *pass = &fitter->pass;
  struct pass_worker *worker = &pass->workers[0];
  size_t k = pass->components.k, step = pass->block_rows;
  double *most = fitter->spare; /* theta has k entries and more */
  if (pass->streams) {
    count_places(fitter, theta, places);
    return;
  }
  for (size_t c = 0; c < k; c++) {
    most[c] = 0;
    places[c] = (struct emblas_component_rows){0, EMBLAS_NOWHERE, 0};
  }
  emblas_compression_all(&fitter->compression, pass);
  emblas_pass_prepare(pass, theta);
  for (size_t first = 0; first < fitter->data.rows; first += step) {
    struct emblas_block_sums sums = {{0}, 0, 0, 0};
    size_t left = fitter->data.rows - first;
    emblas_pass_load(pass, worker, first, left < step ? left : step);
    emblas_pass_bayes(pass, worker, NULL, NULL, &sums);
    look_at_block(pass, worker, first, flags, places, most);
  }
  for (size_t c = 0; c < k; c++)
    if (places[c].row != EMBLAS_NOWHERE) places[c].equal = count_equal(&fitter->data, places[c].row);
}
