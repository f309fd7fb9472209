/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include "../base/sum.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A pivot below this part of a column's variance makes the pooled covariance count as singular; the
   diagonal is then raised by the same part, and the whitened columns span fewer than d directions. */
#define RANK_TOLERANCE 1e-12

/* No column's pooled variance counts for less of its squared unit, and no other column's unit for less of
   its own value: squares of what is divided by them stay in the range of doubles. */
static const double LEAST_VARIANCE = 0x1p-200, LEAST_UNIT = 0x1p-900;

/* A column that the others tell to less than this part of its variance is what is left of large numbers. */
static const double FINE = 0x1p-30;

/* After a singular covariance was raised, a whitened column of less variance is but the rounding of the
 * values. */
static const double ROUNDING = 0x1p-60;

enum { MEDIAN_SAMPLE = 255 }; /* whose median is within a tenth of a deviation */
enum { BAND = 12 };           /* rows of the whitener at a time: its upper triangle is 0 */

void emblas_frame_allocate(struct frame *frame, struct arena *arena, size_t d, int whitened) {
  *frame = (struct frame){.d = d, .least = 1};
  frame->shift = emblas_arena_doubles(arena, d, 1);
  frame->scale = emblas_arena_doubles(arena, d, 1);
  frame->inverse = emblas_arena_doubles(arena, d, 1);
  frame->origin = emblas_arena_doubles(arena, d, 1);
  frame->mean = emblas_arena_doubles(arena, d, 1);
  frame->variance = emblas_arena_doubles(arena, d, 1);
  frame->constant = emblas_arena_take(arena, d, 1, 1);
  frame->whitener = whitened ? emblas_arena_doubles(arena, d, d) : NULL;
}

/* The value that would stand at place `wanted` if all were sorted (Hoare's selection). */
static double select_value(double *values, ptrdiff_t count, ptrdiff_t wanted) {
  ptrdiff_t low = 0, high = count - 1;
  while (low < high) {
    double pivot = values[wanted];
    ptrdiff_t i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      double swap = values[i];
      values[i++] = values[j];
      values[j--] = swap;
    }
    if (j < wanted) low = i;
    if (wanted < i) high = j;
  }
  return values[wanted];
}

/* A sample of rows in which each stands for an equal part of the total weight: heavy rows more than once.
 */
struct row_sample {
  size_t rows[MEDIAN_SAMPLE];
  size_t count;
};

static void draw_sample(struct row_sample *sample, const struct emblas_data *data, double total_weight) {
  size_t most = data->rows < MEDIAN_SAMPLE ? data->rows : MEDIAN_SAMPLE;
  double part = total_weight / (double)most, next = part / 2, sum = 0;
  sample->count = 0;
  if (data->weights == NULL)
    for (; sample->count < most; next += part) sample->rows[sample->count++] = (size_t)next;
  for (size_t i = 0; data->weights != NULL && i < data->rows; i++)
    for (sum += data->weights[i]; sum > next && sample->count < most; next += part)
      sample->rows[sample->count++] = i;
}

/* The median of the sample: robust, cheap, and a value of the data. It has about as much weight on either
   side, so that the mean is within a few deviations of it, whatever the weights. */
static double near_median(const struct emblas_data *data, const struct row_sample *sample, size_t column) {
  double values[MEDIAN_SAMPLE] = {0};
  for (size_t i = 0; i < sample->count; i++) values[i] = view_row(data, sample->rows[i])[column];
  return select_value(values, (ptrdiff_t)sample->count, (ptrdiff_t)sample->count / 2);
}

double emblas_frame_unit(double x) {
  if (!(x > 0)) return 1;
  int exponent = ilogb(x);
  return ldexp(1, exponent < DBL_MIN_EXP + 1 ? DBL_MIN_EXP + 1 : exponent);
}

void emblas_frame_complete(struct frame *frame, int common_scale) {
  double largest = 0, largest_of_all = 0, least = 0;
  for (size_t j = 0; j < frame->d; j++) {
    if (!frame->constant[j]) largest = fmax(largest, frame->scale[j]);
    largest_of_all = fmax(largest_of_all, frame->scale[j]);
    least = fmax(least, fabs(frame->shift[j]) * LEAST_UNIT);
  }
  if (largest == 0) largest = largest_of_all;
  double common = emblas_frame_unit(fmax(largest, least));
  frame->log_volume = 0;
  for (size_t j = 0; j < frame->d; j++) {
    if (common_scale) frame->scale[j] = common;
    frame->inverse[j] = 1 / frame->scale[j];
    frame->origin[j] = frame->shift[j] * frame->inverse[j];
    frame->log_volume += log(frame->scale[j]);
  }
}

/* A constant column has no range: its unit is a small part of its value, and its deviation in the frame 1.
 */
static double column_unit(const struct frame *frame, const struct view_summary *summary, size_t column,
                          double nominal) {
  double low = summary->low[column], high = summary->high[column];
  if (!frame->constant[column]) return fmax(high / 2 - low / 2, DBL_TRUE_MIN);
  return nominal * (low != 0 ? fabs(low) : 1);
}

void emblas_frame_from_ranges(struct frame *frame, const struct emblas_data *data, double total_weight,
                              const struct view_summary *summary, double nominal, enum frame_kind kind) {
  struct row_sample sample;
  draw_sample(&sample, data, total_weight);
  for (size_t j = 0; j < frame->d; j++) {
    frame->constant[j] = summary->high[j] == summary->low[j];
    frame->shift[j] = frame->constant[j] ? summary->low[j] : near_median(data, &sample, j);
    frame->scale[j] = emblas_frame_unit(column_unit(frame, summary, j, nominal));
    if (kind == FRAME_NONE) frame->shift[j] = 0, frame->scale[j] = 1;
  }
  emblas_frame_complete(frame, kind == FRAME_COMMON_SCALE);
}

static void skip_rows(const struct frame *frame, const struct emblas_data *data, size_t first, size_t count,
                      size_t stride, double *out) {
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < frame->d && view_weight(data, first + i) == 0; j++) out[j * stride + i] = 0;
}

void emblas_frame_rows(const struct frame *frame, const struct emblas_data *data, size_t first,
                       size_t count, size_t stride, double *out) {
  size_t row_stride = view_stride(data);
  for (size_t j = 0; j < frame->d; j++) {
    const double *x = view_row(data, first) + j;
    double inverse = frame->inverse[j], origin = frame->origin[j], *to = out + j * stride;
    /* Scaled first: x - shift may overflow, and the scaling is exact. */
    if (row_stride == 1)
      for (size_t i = 0; i < count; i++) to[i] = x[i] * inverse - origin;
    else
      for (size_t i = 0; i < count; i++) to[i] = x[i * row_stride] * inverse - origin;
  }
  if (frame->skips) skip_rows(frame, data, first, count, stride, out);
}

/* V ((x - shift) / scale) with every rounding kept until the end. */
static double whiten_finely(const struct frame *frame, const double *x, size_t column) {
  const double *v = frame->whitener + column * frame->d;
  double sum[2] = {0, 0};
  for (size_t l = 0; l <= column; l++) {
    double part[2] = {x[l] * frame->inverse[l], 0};
    sum_add(part, -frame->origin[l]);
    sum_add_product(sum, v[l], part[0]);
    sum[1] += v[l] * part[1];
  }
  return sum[0] + sum[1];
}

static void load_finely(const struct frame *frame, const struct emblas_data *data, size_t first,
                        size_t count, size_t stride, double *out) {
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < frame->d; j++)
      out[j * stride + i] = whiten_finely(frame, view_row(data, first + i), j);
  if (frame->skips) skip_rows(frame, data, first, count, stride, out);
}

void emblas_frame_load(const struct frame *frame, const struct emblas_backend *backend,
                       const struct emblas_data *data, size_t first, size_t count,
                       struct emblas_ahead ahead, size_t stride, double *scratch, double *out) {
  size_t d = frame->d;
  if (frame->fine) {
    load_finely(frame, data, first, count, stride, out);
    return;
  }
  if (backend->columns != NULL && d > 1) {
    backend->columns(count, stride, d, view_row(data, first), view_stride(data), frame->inverse,
                     frame->origin, frame->whitener, ahead, out);
    if (frame->skips) skip_rows(frame, data, first, count, stride, out);
    return;
  }
  emblas_frame_rows(frame, data, first, count, stride, frame->whitener != NULL ? scratch : out);
  for (size_t j = 0; frame->whitener != NULL && j < d; j += BAND) {
    size_t band = d - j < BAND ? d - j : BAND;
    backend->logits(count, stride, j + band, band, frame->whitener + j * d, d, scratch, out + j * stride,
                    0);
  }
}

static size_t chunk(const struct emblas_data *data, size_t first, size_t rows) {
  return data->rows - first < rows ? data->rows - first : rows;
}

/* The rows' weights divided by their sum. */
static void load_shares(const struct emblas_data *data, double total_weight, size_t first, size_t count,
                        double *share) {
  double one = 1 / total_weight;
  for (size_t i = 0; i < count; i++)
    share[i] = data->weights != NULL ? data->weights[first + i] / total_weight : one;
}

/* Adds a block's shares. */
static void add_moments(const struct frame *frame, const struct emblas_backend *backend, size_t count,
                        const struct frame_moments *to, const struct frame_workspace *work) {
  size_t d = frame->d, stride = work->stride;
  backend->moments(count, stride, d, 1, work->share, work->block, to->mean, d);
  if (frame->whitener != NULL)
    backend->scatter(count, stride, d, work->share, work->block, work->scratch, to->pooled);
  for (size_t j = 0; to->variance != NULL && j < d; j++) {
    const double *x = work->block + j * stride;
    backend->multiply(count, work->share, x, work->scratch);
    backend->moments(count, stride, 1, 1, work->scratch, x, to->variance + j, 1);
  }
}

void emblas_frame_add(const struct frame *frame, const struct emblas_backend *backend,
                      const struct emblas_data *data, double total_weight, int whitened,
                      const struct frame_moments *to, const struct frame_workspace *work) {
  for (size_t first = 0; first < data->rows; first += work->rows) {
    size_t count = chunk(data, first, work->rows);
    if (whitened)
      load_finely(frame, data, first, count, work->stride, work->block);
    else
      emblas_frame_rows(frame, data, first, count, work->stride, work->block);
    load_shares(data, total_weight, first, count, work->share);
    add_moments(frame, backend, count, to, work);
  }
}

/* Shares of the moments of all rows, scaled or whitened. */
static void accumulate(const struct frame *frame, const struct emblas_backend *backend,
                       const struct emblas_data *data, double total_weight, int whitened, double *variance,
                       const struct frame_workspace *work) {
  size_t d = frame->d;
  struct frame_moments moments = {frame->mean, variance, frame->whitener != NULL ? work->pooled : NULL};
  memset(frame->mean, 0, d * sizeof *frame->mean);
  if (variance != NULL) memset(variance, 0, d * sizeof *variance);
  if (frame->whitener != NULL) memset(work->pooled, 0, d * d * sizeof *work->pooled);
  if (work->add_up != NULL)
    work->add_up(work->context, whitened, &moments);
  else
    emblas_frame_add(frame, backend, data, total_weight, whitened, &moments, work);
  for (size_t j = 0; frame->whitener != NULL && j < d; j++)
    for (size_t l = 0; l <= j; l++) work->pooled[j * d + l] -= frame->mean[j] * frame->mean[l];
}

/* Variances, and for a whitened frame the lower triangle of the pooled covariance in work->pooled: second
   moments about the shift, less those of the mean. The shift is near the weighted median, and so within a
   few deviations of the mean: nothing to speak of cancels. */
static void pooled_covariance(struct frame *frame, const struct emblas_backend *backend,
                              const struct emblas_data *data, double total_weight,
                              const struct frame_workspace *work) {
  size_t d = frame->d;
  const double *mean = frame->mean;
  accumulate(frame, backend, data, total_weight, 0, frame->variance, work);
  for (size_t j = 0; j < d; j++) {
    double least = frame->constant[j] ? 0 : LEAST_VARIANCE;
    frame->variance[j] = fmax(frame->variance[j] - mean[j] * mean[j], least);
    if (frame->whitener != NULL) /* a constant column is a direction of its own, whatever its unit */
      work->pooled[j * d + j] = frame->constant[j] ? 1 : frame->variance[j];
  }
}

/* Does the factor keep the rank tolerance in every pivot? */
static int well_conditioned(size_t d, const double *w, const double *pooled) {
  for (size_t j = 0; j < d; j++)
    if (!(w[j * d + j] * w[j * d + j] >= RANK_TOLERANCE / 2 * pooled[j * d + j])) return 0;
  return 1;
}

/* a <- a^-1 for a lower triangle, row by row, along the rows above. */
static void invert_triangle(size_t d, double *a) {
  for (size_t j = 0; j < d; j++) {
    double *row = a + j * d, pivot = row[j];
    for (size_t m = 0; m < j; m++) {
      const double *above = a + m * d;
      double own = row[m];
      for (size_t l = 0; l < m; l++) row[l] += own * above[l];
      row[m] = own * above[m];
    }
    for (size_t l = 0; l < j; l++) row[l] /= -pivot;
    row[j] = 1 / pivot;
  }
}

/* Factorises the pooled covariance and inverts the factor. A singular one has its diagonal raised until it
   is not: at d times its own size, at the latest, the diagonal outweighs all else. */
static void factorise_pooled(struct frame *frame, const struct emblas_backend *backend,
                             const double *pooled) {
  size_t d = frame->d;
  double *w = frame->whitener;
  for (double raise = 0; raise <= 16 * (double)d; raise = raise == 0 ? RANK_TOLERANCE : 8 * raise) {
    memcpy(w, pooled, d * d * sizeof *w);
    for (size_t j = 0; j < d; j++) w[j * d + j] += raise * pooled[j * d + j];
    if (backend->cholesky(d, w) == 0 && well_conditioned(d, w, pooled)) break;
  }
  for (size_t j = 0; j < d; j++)
    for (size_t l = j + 1; l < d; l++) w[j * d + l] = 0;
  invert_triangle(d, w);
  for (size_t j = 0; j < d; j++) {
    frame->log_volume -= log(w[j * d + j]);
    frame->fine |= FINE * w[j * d + j] * w[j * d + j] * pooled[j * d + j] > 1;
  }
}

/* The origin moves to the row of a sample that is nearest to the mean. The medians of columns that depend
   on each other need not: so far off their plane all rows would be the same large number but for rounding.
 */
static void move_to_row(struct frame *frame, const struct emblas_data *data, double total_weight,
                        const double *mean) {
  struct row_sample sample;
  double least = INFINITY;
  const double *nearest = frame->shift;
  draw_sample(&sample, data, total_weight);
  for (size_t i = 0; i < sample.count; i++) {
    const double *x = view_row(data, sample.rows[i]);
    double distance = 0;
    for (size_t j = 0; j < frame->d; j++) {
      double offset = x[j] * frame->inverse[j] - frame->origin[j] - mean[j];
      if (!frame->constant[j]) distance += offset * offset / frame->variance[j];
    }
    if (distance < least) least = distance, nearest = x;
  }
  memmove(frame->shift, nearest, frame->d * sizeof *nearest);
  for (size_t j = 0; j < frame->d; j++) frame->origin[j] = frame->shift[j] * frame->inverse[j];
}

/* The least variance that a whitened column has: where the covariance was raised it is less than 1. */
static double least_variance(const struct frame *frame, const struct emblas_backend *backend,
                             const struct emblas_data *data, double total_weight,
                             const struct frame_workspace *work) {
  double least = 1;
  accumulate(frame, backend, data, total_weight, 1, NULL, work);
  for (size_t j = 0; j < frame->d; j++)
    if (!frame->constant[j]) least = fmin(least, work->pooled[j * frame->d + j]);
  return fmax(least, ROUNDING);
}

void emblas_frame_pool(struct frame *frame, const struct emblas_backend *backend,
                       const struct emblas_data *data, double total_weight,
                       const struct frame_workspace *work) {
  pooled_covariance(frame, backend, data, total_weight, work);
  if (frame->whitener != NULL) factorise_pooled(frame, backend, work->pooled);
  if (!frame->fine) return;
  move_to_row(frame, data, total_weight, frame->mean);
  frame->least = least_variance(frame, backend, data, total_weight, work);
}

double emblas_frame_smallest_deviation(const struct frame *frame) {
  double smallest = 0;
  for (size_t j = 0; j < frame->d; j++) {
    double one = DBL_TRUE_MIN * frame->inverse[j];
    if (frame->whitener != NULL) one *= frame->whitener[j * frame->d + j];
    if (!frame->constant[j]) smallest = fmax(smallest, one);
  }
  return fmin(smallest, 1); /* the pooled deviation: a wider one might be none in other columns */
}

void emblas_frame_whiten(const struct frame *frame, double *y) {
  size_t d = frame->d;
  const double *v = frame->whitener;
  for (size_t j = d; v != NULL && j-- > 0;) {
    double sum = 0;
    for (size_t l = 0; l <= j; l++) sum += v[j * d + l] * y[l];
    y[j] = sum;
  }
}

void emblas_frame_mean_in(const struct frame *frame, const double *x, double *y) {
  for (size_t j = 0; j < frame->d; j++) y[j] = x[j] * frame->inverse[j] - frame->origin[j];
  emblas_frame_whiten(frame, y);
}

/* shift + scale t for t within a column's range, at half the size where its parts, though not their sum,
   may overflow. */
static double place(const struct frame *frame, size_t column, double t) {
  double part = frame->scale[column] > 1 ? 0.5 : 1;
  if (t == 0) return frame->shift[column];
  double x = part * frame->shift[column] + part * frame->scale[column] * t;
  return fmax(fmin(x, part * DBL_MAX), -part * DBL_MAX) / part;
}

void emblas_frame_mean_out(const struct frame *frame, const double *y, double *x) {
  size_t d = frame->d;
  const double *v = frame->whitener;
  for (size_t j = 0; j < d; j++) { /* V t = y, by forward substitution */
    double t = y[j];
    if (v != NULL) {
      for (size_t l = 0; l < j; l++) t -= v[j * d + l] * x[l];
      t /= v[j * d + j];
    }
    x[j] = t;
  }
  for (size_t j = 0; j < d; j++) x[j] = place(frame, j, x[j]);
}

/* V L / scale, a product of lower triangles; from the last row on: y may be x. */
void emblas_frame_factor_in(const struct frame *frame, const double *x, double *y) {
  size_t d = frame->d;
  const double *v = frame->whitener;
  for (size_t i = d; i-- > 0;) {
    double *row = y + i * d, own = v != NULL ? v[i * d + i] : 1;
    for (size_t j = 0; j < d; j++) row[j] = j <= i ? own * (x[i * d + j] * frame->inverse[i]) : 0;
    for (size_t l = 0; v != NULL && l < i; l++) {
      const double *above = x + l * d;
      double entry = v[i * d + l], unit = frame->inverse[l];
      for (size_t j = 0; j <= l; j++) row[j] += entry * (above[j] * unit);
    }
  }
}

void emblas_frame_diagonal_in(const struct frame *frame, const double *deviation, double *y) {
  size_t d = frame->d;
  const double *v = frame->whitener;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++)
      y[i * d + j] = v != NULL ? v[i * d + j] * deviation[j] : i == j ? deviation[j] : 0;
}

double emblas_frame_deviation_out(const struct frame *frame, size_t column, double y) {
  double scale = frame->scale[column];
  return fmax(fmin(y, scale > 1 ? DBL_MAX / scale : DBL_MAX) * scale, DBL_TRUE_MIN);
}

/* scale V^-1 L, row by row; x may be y. */
void emblas_frame_factor_out(const struct frame *frame, const double *y, double *x) {
  size_t d = frame->d;
  const double *v = frame->whitener;
  for (size_t i = 0; i < d; i++) {
    double *row = x + i * d, pivot = v != NULL ? v[i * d + i] : 1;
    for (size_t j = 0; j < d; j++) row[j] = j <= i ? y[i * d + j] : 0;
    for (size_t l = 0; v != NULL && l < i; l++) {
      const double *above = x + l * d;
      double entry = v[i * d + l];
      for (size_t j = 0; j <= l; j++) row[j] -= entry * above[j];
    }
    for (size_t j = 0; j <= i; j++) row[j] /= pivot;
  }
  for (size_t i = 0; i < d; i++) {
    for (size_t j = 0; j < i; j++) x[i * d + j] *= frame->scale[i];
    x[i * d + i] = emblas_frame_deviation_out(frame, i, x[i * d + i]);
  }
}
