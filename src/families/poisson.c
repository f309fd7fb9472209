/* SPDX-License-Identifier: MIT */
/* Components of independent Poisson counts, one rate for each column:

     p(x | rates) = prod_j e^-rate_j rate_j^x_j / x_j!,   x_j = 0, 1, 2, ..

   The E step is one matrix product. About reference rates r, the means of all rows,

     log p(x | rates) = sum_j x_j log(rate_j / r_j) - (rate_j - r_j)  +  log p(x | r)
                      = natural . [1, x, log p(x | r)]

   whose last feature is the same for all components; terms cancel no more than the rows' counts differ from
   their mean. The M step is rate_cj = sum_i r_ic x_ij / N_c, kept at or above a small part of the column's
   mean: so a count that a component has not met is very unlikely there, and not impossible. */
#include "family.h"

#include "weights.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

struct poisson {
  double *reference, *floor; /* d each: the rows' means, and the least rates */
  double *table;             /* d x TABLE: log p(x | reference) of small counts */
  double *natural;           /* k x (2 + d) */
  double *point, *variance;  /* d each: of moves */
  int no_logits;             /* statistics come without logits before them, which make the features */
};

/* Counts whose log density about the reference is made once. */
enum { TABLE = 256 };

/* Counts above this, and rates, are not told apart from their neighbours. */
static const double MOST = 0x1p53;

/* No rate is less; its logarithm times any count is in range. */
static const double LEAST_RATE = 1e-280;

/* A component of a smaller share has no mean to speak of. */
static const double NOTHING = 1e-150;

/* ------------------------------------------------------------------ the density */

/* log x! for x up to 22, to the last digit. */
static const double log_factorial[] = {0,
                                       0,
                                       0.69314718055994530942,
                                       1.7917594692280550008,
                                       3.1780538303479456196,
                                       4.7874917427820459942,
                                       6.5792512120101009951,
                                       8.5251613610654143002,
                                       10.604602902745250228,
                                       12.801827480081469611,
                                       15.104412573075515295,
                                       17.502307845873885839,
                                       19.987214495661886150,
                                       22.552163853123422886,
                                       25.191221182738681500,
                                       27.899271383840891566,
                                       30.671860106080672804,
                                       33.505073450136888884,
                                       36.395445208033053576,
                                       39.339884187199494036,
                                       42.335616460753485030,
                                       45.380138898476908026,
                                       48.471181351835223880};
enum { FACTORIALS = sizeof log_factorial / sizeof *log_factorial };

#define LOG_2PI 1.8378770664093454835606594728112

/* log x! - (x log x - x + log(2 pi x) / 2), by Stirling's series, whose next term is below 1e-17 here. */
static double stirling_error(double x) {
  double square = 1 / (x * x);
  return (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square / 1188)))) /
         x;
}

/* x log(x / rate) + rate - x, which is about (x - rate)^2 / 2 x: near the rate by its series, so that
   nothing cancels (Loader, Fast and accurate computation of binomial probabilities, 2000). */
static double deviance(double x, double rate) {
  double v = (x - rate) / (x + rate);
  if (!(fabs(v) < 0.1)) return x * log(x / rate) + rate - x;
  double sum = (x - rate) * v, term = 2 * x * v;
  for (int j = 3;; j += 2) {
    double before = sum;
    term *= v * v;
    sum += term / j;
    if (sum == before) return sum;
  }
}

/* log p(x | rate) of one count. */
static double log_density(double x, double rate) {
  if (x < FACTORIALS) return x * log(rate) - rate - log_factorial[(int)x];
  return -deviance(x, rate) - stirling_error(x) - (LOG_2PI + log(x)) / 2;
}

static int is_count(double value) {
  return value >= 0 && value <= MOST && value == floor(value);
}

/* ------------------------------------------------------------------ sizes and memory */

static emblas_status shape(struct components *m) {
  size_t all;
  m->parameters = m->k * (1 + m->d);
  m->statistics = 1 + m->d;
  m->features = 2 + m->d;
  m->least_rows = 1;
  m->frame_kind = FRAME_NONE;
  m->independent = 1;
  int fit = m->k <= INT_MAX && m->d <= INT_MAX - 2 && !emblas_size_multiply(m->k, 2 + m->d, &all);
  return fit ? EMBLAS_OK : EMBLAS_ERROR_SIZE;
}

static void allocate(struct components *m, struct arena *arena) {
  struct poisson *own = emblas_arena_take(arena, 1, 1, sizeof *own);
  if (own == NULL) return;
  m->own = own;
  own->reference = emblas_arena_doubles(arena, m->d, 1);
  own->floor = emblas_arena_doubles(arena, m->d, 1);
  own->table = emblas_arena_doubles(arena, m->d, TABLE);
  own->natural = emblas_arena_doubles(arena, m->k, 2 + m->d);
  own->point = emblas_arena_doubles(arena, m->d, 1);
  own->variance = emblas_arena_doubles(arena, m->d, 1);
}

static void bound(struct components *m) {
  struct poisson *own = m->own;
  for (size_t j = 0; j < m->d; j++) {
    double mean = m->frame->mean[j];
    own->reference[j] = mean > LEAST_RATE ? mean : 1; /* 1: all counts are 0, or all but */
    own->floor[j] = fmax(m->floor * own->reference[j], LEAST_RATE);
    for (size_t x = 0; x < TABLE; x++)
      own->table[j * TABLE + x] = log_density((double)x, own->reference[j]);
  }
}

static size_t count(const struct components *m) {
  return m->k * m->d;
}

static double *rates(const struct components *m, double *theta, size_t c) {
  return theta + m->k + c * m->d;
}

/* ------------------------------------------------------------------ the E step */

static void prepare(const struct components *m, const double *theta, double rows) {
  struct poisson *own = m->own;
  (void)rows;
  own->no_logits = 0;
  for (size_t c = 0; c < m->k; c++) {
    const double *rate = theta + m->k + c * m->d;
    double *natural = own->natural + c * (2 + m->d);
    natural[0] = theta[c] > 0 ? log(theta[c]) : -1e300; /* finite: 0 times it is 0 */
    for (size_t j = 0; j < m->d; j++) {
      natural[0] -= rate[j] - own->reference[j];
      natural[1 + j] = log(rate[j] / own->reference[j]);
    }
    natural[1 + m->d] = 1;
  }
}

static void add_base(const struct poisson *own, size_t j, size_t rows, const double *x, double *out) {
  for (size_t i = 0; i < rows; i++)
    out[i] += x[i] < TABLE ? own->table[j * TABLE + (size_t)x[i]] : log_density(x[i], own->reference[j]);
}

/* Features first .. first + count of [1, x, log p(x | reference)]. */
static void make_features(const struct components *m, const struct block *block, size_t first,
                          size_t features) {
  for (size_t f = first; f < first + features; f++) {
    double *out = block->phi + (f - first) * block->stride;
    if (f == 0)
      for (size_t i = 0; i < block->rows; i++) out[i] = 1;
    else if (f <= m->d)
      memcpy(out, block->x + (f - 1) * block->stride, block->rows * sizeof *out);
    else
      memset(out, 0, block->rows * sizeof *out);
    for (size_t j = 0; j < m->d && f > m->d; j++)
      add_base(m->own, j, block->rows, block->x + j * block->stride, out);
  }
}

static size_t panel_of(const struct block *block, size_t first, size_t end) {
  return end - first < block->panel ? end - first : block->panel;
}

static void logits(const struct components *m, const struct block *block, void *room) {
  const struct poisson *own = m->own;
  size_t p = 2 + m->d;
  (void)room;
  for (size_t first = 0; first < p; first += block->panel) {
    size_t features = panel_of(block, first, p);
    if (block->made == NULL || !*block->made) make_features(m, block, first, features);
    if (block->made != NULL) *block->made = features == p;
    m->backend->logits(block->rows, block->stride, features, m->k, own->natural + first, p, block->phi,
                       block->r, first > 0);
  }
}

static void accumulate(const struct components *m, const struct block *block, double *stats, void *room) {
  const struct poisson *own = m->own;
  size_t p = 1 + m->d;
  int again = own->no_logits || block->panel < 2 + m->d;
  (void)room;
  for (size_t first = 0; first < p; first += block->panel) {
    size_t features = panel_of(block, first, p);
    if (again) make_features(m, block, first, features);
    m->backend->moments(block->rows, block->stride, features, m->k, block->r, block->phi, stats + first, p);
  }
}

/* ------------------------------------------------------------------ the M step */

static void centre(const struct components *m, const double *theta) {
  struct poisson *own = m->own;
  (void)theta;
  own->no_logits = 1;
}

static size_t maximise(const struct components *m, const double *theta, double *stats, double *next,
                       unsigned *flags, void *room) {
  const struct poisson *own = m->own;
  double total = 0;
  (void)room;
  for (size_t c = 0; c < m->k; c++) total += stats[c * m->statistics];
  memcpy(next, theta, m->parameters * sizeof *next);
  for (size_t c = 0; c < m->k; c++) {
    const double *row = stats + c * m->statistics;
    double *rate = rates(m, next, c);
    flags[c] = row[0] > DBL_EPSILON * total ? 0 : EMBLAS_COMPONENT_EMPTY;
    next[c] = row[0] > NOTHING * total ? row[0] / total : 0;
    for (size_t j = 0; j < m->d && next[c] > 0; j++) rate[j] = fmax(row[1 + j] / row[0], own->floor[j]);
  }
  return 0;
}

/* ------------------------------------------------------------------ coordinates: log w_c, log rate_cj */

static size_t free_size(const struct components *m) {
  return m->parameters;
}

static void to_free(const struct components *m, const double *theta, double *free) {
  emblas_weights_to_free(m->k, theta, free);
  for (size_t i = m->k; i < m->parameters; i++) free[i] = log(theta[i]);
}

static int from_free(const struct components *m, const double *free, double *theta, double *room,
                     unsigned *flags, void *own_room) {
  const struct poisson *own = m->own;
  (void)room, (void)flags, (void)own_room;
  if (emblas_weights_from_free(m->k, free, theta) != 0) return 1;
  for (size_t i = 0; i < m->k * m->d; i++) {
    double rate = exp(free[m->k + i]), least = own->floor[i % m->d];
    if (!(rate >= least * (1 - 1e-12)) || !(rate <= DBL_MAX)) return 1;
    theta[m->k + i] = fmax(rate, least);
  }
  return 0;
}

/* The information of one complete observation: w_c (d log w_c)^2 + sum_j w_c rate_cj (d log rate_cj)^2. No
   component counts for less than eps. */
static double share(const double *theta, size_t c) {
  return sqrt(theta[c] > DBL_EPSILON ? theta[c] : DBL_EPSILON);
}

static void metric(const struct components *m, const double *theta, double *scale) {
  for (size_t c = 0; c < m->k; c++) {
    scale[c] = share(theta, c);
    for (size_t j = 0; j < m->d; j++)
      scale[m->k + c * m->d + j] = scale[c] * sqrt(theta[m->k + c * m->d + j]);
  }
}

static void whiten(const struct components *m, const double *scale, const double *theta, double *change) {
  (void)theta;
  for (size_t i = 0; i < m->parameters; i++) change[i] *= scale[i];
}

static void unwhiten(const struct components *m, const double *scale, const double *theta, double *change) {
  (void)theta;
  for (size_t i = 0; i < m->parameters; i++) change[i] /= scale[i];
}

static size_t blocks(const struct components *m) {
  return m->k;
}

static void moved(const struct components *m, const double *theta, const double *change,
                  double *distances) {
  for (size_t c = 0; c < m->k; c++) {
    double sum = change[c] * change[c];
    for (size_t j = 0; j < m->d; j++) sum += change[m->k + c * m->d + j] * change[m->k + c * m->d + j];
    distances[c] = sqrt(sum) / share(theta, c);
  }
}

static const struct family_coordinates coordinates = {free_size, to_free,  from_free, metric,
                                                      whiten,    unwhiten, blocks,    moved};

/* ------------------------------------------------------------------ starts */

static void put(const struct components *m, double *theta, size_t c, const double *point) {
  const struct poisson *own = m->own;
  for (size_t j = 0; j < m->d; j++) rates(m, theta, c)[j] = fmax(point[j], own->floor[j]);
}

static void draw_rates(const struct components *m, const struct view_summary *summary,
                       struct random *random, double *theta, double *room, unsigned *flags,
                       void *own_room) {
  const struct poisson *own = m->own;
  (void)room, (void)own_room;
  for (size_t c = 0; c < m->k; c++)
    for (size_t j = 0; j < m->d; j++) {
      double u = emblas_random_uniform(random), rate = summary->low[j] * (1 - u) + summary->high[j] * u;
      rates(m, theta, c)[j] = fmax(rate, own->floor[j]);
    }
  memset(flags, 0, m->k * sizeof *flags);
}

static emblas_status convert(const struct components *m, const struct components *from,
                             const double *from_theta, double *theta, double *room, unsigned *flags,
                             size_t *component, void *own_room) {
  (void)from, (void)room, (void)own_room;
  memcpy(theta, from_theta, m->k * sizeof *theta);
  for (size_t c = 0; c < m->k; c++) put(m, theta, c, from_theta + m->k + c * m->d);
  memset(flags, 0, m->k * sizeof *flags);
  *component = EMBLAS_NOWHERE;
  return EMBLAS_OK;
}

static void into_frame(const struct components *m, const struct components *from, const double *from_theta,
                       double *theta) {
  (void)from;
  memcpy(theta, from_theta, m->parameters * sizeof *theta);
}

static void out_of_frame(const struct components *m, const double *theta, double *out) {
  memcpy(out, theta, m->parameters * sizeof *out);
}

/* ------------------------------------------------------------------ judgement and moves */

/* Of rates beside their deviations. */
static int near(size_t d, const double *a, const double *b, double tolerance) {
  for (size_t j = 0; j < d; j++)
    if (a[j] != b[j] && !(fabs(a[j] - b[j]) <= tolerance * sqrt(fmin(a[j], b[j])))) return 0;
  return 1;
}

static int equal(const struct components *m, const double *theta, size_t a, size_t b, double tolerance) {
  return near(m->d, theta + m->k + a * m->d, theta + m->k + b * m->d, tolerance);
}

static int agree(const struct components *m, const double *a, const double *b, double tolerance) {
  for (size_t i = 0; i < m->parameters; i++)
    if (!(fabs(a[i] - b[i]) <= tolerance * b[i])) return 0;
  return 1;
}

static void copy(const struct components *m, const double *theta, size_t c, const struct components *to,
                 double *to_theta, size_t to_c) {
  memcpy(rates(to, to_theta, to_c), theta + m->k + c * m->d, m->d * sizeof *theta);
}

/* Variances of counts at the component's rates, and 1 more, so that small ones have some. */
static void aim(const struct components *m, const double *theta, size_t c, const double *point) {
  const struct poisson *own = m->own;
  memcpy(own->point, point, m->d * sizeof *point);
  for (size_t j = 0; j < m->d; j++) own->variance[j] = 1 + theta[m->k + c * m->d + j];
}

static void distances(const struct components *m, const struct block *block, double *squares, void *room) {
  const struct poisson *own = m->own;
  (void)room;
  memset(squares, 0, block->rows * sizeof *squares);
  for (size_t j = 0; j < m->d; j++) {
    double unit = 0.5 / own->variance[j], origin = own->point[j];
    const double *x = block->x + j * block->stride;
    for (size_t i = 0; i < block->rows; i++) squares[i] += (x[i] - origin) * (x[i] - origin) * unit;
  }
}

static void admit(const struct components *m, double *theta, double *room, unsigned *flags,
                  void *own_room) {
  (void)m, (void)theta, (void)room, (void)flags, (void)own_room;
}

static int same_mean(const struct components *m, const double *a, const double *b, double tolerance) {
  return near(m->d, a + 1, b + 1, tolerance);
}

static const struct family_moves moves = {aim, distances, admit, same_mean};

/* ------------------------------------------------------------------ models */

static void allocate_density(struct components *m, struct arena *arena) {
  m->own = emblas_arena_doubles(arena, m->k, 1 + m->d);
}

/* Log weights, and the rates as they are. */
static size_t prepare_density(const struct components *m, const double *theta) {
  double *own = m->own;
  memcpy(own, theta, m->parameters * sizeof *own);
  for (size_t c = 0; c < m->k; c++) own[c] = theta[c] > 0 ? log(theta[c]) : -1e300;
  return m->k;
}

/* Log weight + log density of a row, into logits `stride` apart. */
static void row_logits(const struct components *m, const double *x, size_t stride, double *to) {
  const double *log_weight = m->own;
  for (size_t c = 0; c < m->k; c++) {
    const double *rate = log_weight + m->k + c * m->d;
    double sum = log_weight[c];
    for (size_t j = 0; j < m->d; j++) sum += log_density(x[j], rate[j]);
    to[c * stride] = sum;
  }
}

static void density_logits(const struct components *m, size_t rows, const double *x, size_t stride,
                           size_t logit_stride, double *to, double *room) {
  (void)room;
  for (size_t i = 0; i < rows; i++) row_logits(m, x + i * stride, logit_stride, to + i);
}

static double log_volume(const struct components *m) {
  (void)m;
  return 0;
}

/* In two rounds where nobody wants the responsibilities, so that no memory is needed. */
static double density_at(const struct components *m, const double *x, double *responsibilities) {
  const double *log_weight = m->own;
  double most = -INFINITY, sum = 0;
  for (size_t j = 0; j < m->d; j++)
    if (!is_count(x[j])) return NAN;
  for (int round = 0; round < 2; round++)
    for (size_t c = 0; c < m->k; c++) {
      double logit = log_weight[c];
      for (size_t j = 0; j < m->d; j++) logit += log_density(x[j], log_weight[m->k + c * m->d + j]);
      if (round == 0) {
        most = fmax(most, logit);
        continue;
      }
      double part = exp(logit - most);
      if (responsibilities != NULL) responsibilities[c] = part;
      sum += part;
    }
  for (size_t c = 0; c < m->k && responsibilities != NULL; c++) responsibilities[c] /= sum;
  return most + log(sum);
}

static double products(const struct components *m) {
  enum { LOGARITHM = 16 };
  return (double)(LOGARITHM * m->d);
}

static const struct family_density density = {
    allocate_density, prepare_density, density_logits, log_volume, density_at, products, 1};

static emblas_status take(const struct components *m, const struct emblas_parameters *given, double *theta,
                          size_t *component) {
  if (given->covariances != NULL || given->cholesky != NULL) return EMBLAS_ERROR_COVARIANCE;
  for (size_t c = 0; c < m->k; c++)
    for (size_t j = 0; j < m->d; j++) {
      double rate = given->means[c * m->d + j];
      *component = c;
      if (!isfinite(rate)) return EMBLAS_ERROR_NOT_FINITE;
      if (!(rate >= LEAST_RATE && rate <= MOST)) return EMBLAS_ERROR_VALUE;
      rates(m, theta, c)[j] = rate;
    }
  *component = EMBLAS_NOWHERE;
  return EMBLAS_OK;
}

static void cholesky(const struct components *m, const double *theta, size_t c, double *factor) {
  memset(factor, 0, m->d * m->d * sizeof *factor);
  for (size_t j = 0; j < m->d; j++) factor[j * m->d + j] = sqrt(theta[m->k + c * m->d + j]);
}

static void covariance(const struct components *m, const double *theta, size_t c, double *matrix) {
  memset(matrix, 0, m->d * m->d * sizeof *matrix);
  for (size_t j = 0; j < m->d; j++) matrix[j * m->d + j] = theta[m->k + c * m->d + j];
}

static int drawable(const struct components *m, const double *theta, size_t c) {
  (void)m, (void)theta, (void)c;
  return 1;
}

/* Small rates by a product of uniforms (Knuth), others by transformed rejection (Hoermann, The transformed
   rejection method for generating Poisson random variables, 1993: algorithm PTRS). */
static double draw_count(double rate, struct random *random) {
  if (rate < 10) {
    double limit = exp(-rate), product = emblas_random_uniform(random), x = 0;
    for (; product > limit; x++) product *= emblas_random_uniform(random);
    return x;
  }
  double b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b, scale = 1.1239 + 1.1328 / (b - 3.4);
  double squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    double u = emblas_random_uniform(random) - 0.5, v = emblas_random_uniform(random), us = 0.5 - fabs(u);
    double x = floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= squeeze) return x;
    if (x < 0 || (us < 0.013 && v > us)) continue;
    if (log(v) + log(scale) - log(a / (us * us) + b) <= log_density(x, rate)) return x;
  }
}

static void draw(const struct components *m, const double *theta, size_t c, struct random *random,
                 double *x) {
  for (size_t j = 0; j < m->d; j++) x[j] = draw_count(theta[m->k + c * m->d + j], random);
}

/* ------------------------------------------------------------------ the table */

extern const struct family emblas_poisson_family;
const struct family emblas_poisson_family = {
    .name = "poisson",
    .admits = is_count,
    .shape = shape,
    .allocate = allocate,
    .bound = bound,
    .count = count,
    .prepare = prepare,
    .logits = logits,
    .accumulate = accumulate,
    .maximise = maximise,
    .centre = centre,
    .coordinates = &coordinates,
    .random = draw_rates,
    .put = put,
    .convert = convert,
    .into_frame = into_frame,
    .out_of_frame = out_of_frame,
    .equal = equal,
    .agree = agree,
    .copy = copy,
    .moves = &moves,
    .density = &density,
    .take = take,
    .cholesky = cholesky,
    .covariance = covariance,
    .drawable = drawable,
    .draw = draw,
};
