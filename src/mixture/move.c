/* SPDX-License-Identifier: MIT */
#include "move.h"

#include "kmeans.h"

#include <math.h>
#include <string.h>

/* A logit beside which others are nothing. */
#define ALL 1e100

void emblas_mover_allocate(struct mover *mover, struct arena *arena, const struct pass *pass,
                           const struct newcomer_limits *limits) {
  const struct components *m = &pass->components;
  int few = pass->kept != NULL;
  *mover = (struct mover){.limits = *limits, .newcoming = few && m->independent};
  if (mover->newcoming) emblas_newcomers_allocate(&mover->newcomers, arena, pass, limits);
  mover->loss = emblas_arena_doubles(arena, m->k, 1);
  mover->distance = emblas_arena_doubles(arena, pass->data->rows, 1);
  mover->sorted = emblas_arena_doubles(arena, pass->data->rows, 1);
  mover->row = emblas_arena_doubles(arena, m->d, 1);
}

/* ------------------------------------------------------------------ the component */

/* A pass_block: -sum_i w_i log(1 - r_ic), what the log-likelihood loses when component c is left out and
   the others stay as they are. A row that is all its own counts as lost by 1e-20. Before that, for
   newcomers, the log-likelihood; that of each row is noted. */
static void add_losses(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                       size_t count, double *to) {
  const struct mover *mover = context;
  const struct block *block = &worker->block;
  struct emblas_block_sums sums = {{0}, 0, 0, 0};
  double *logliks = mover->newcoming ? mover->newcomers.rest + first : NULL;
  emblas_pass_load(pass, worker, first, count);
  emblas_pass_bayes(pass, worker, NULL, logliks, &sums);
  for (size_t i = 0; i < count && mover->newcoming; i++)
    to[0] += view_weight(&worker->view, i) * logliks[i];
  for (size_t c = 0; c < pass->components.k; c++)
    for (size_t i = 0; i < count; i++) {
      double rest = 1 - block->r[c * block->stride + i];
      to[2 + c] -= view_weight(&worker->view, i) * log(rest > 1e-20 ? rest : 1e-20);
    }
}

void emblas_mover_begin(struct mover *mover, struct pass *pass, const double *theta, size_t suspect) {
  size_t k = pass->components.k;
  mover->theta = theta;
  mover->suspect = suspect;
  emblas_pass_prepare(pass, theta);
  const double *sums = emblas_pass_walk(pass, 2 + k, add_losses, mover);
  memcpy(mover->loss, sums + 2, k * sizeof *sums);
  if (!mover->newcoming) return;
  mover->newcomers.loglik = sums[0] + sums[1];
  emblas_newcomers_weigh(&mover->newcomers, pass);
}

static size_t draw(size_t count, struct random *random) {
  return (size_t)(emblas_random_uniform(random) * (double)count);
}

/* Of two that are drawn the one that is needed less. */
static size_t choose_component(const struct mover *mover, size_t k, struct random *random) {
  size_t a = draw(k, random), b = draw(k, random);
  if (mover->suspect < k) return mover->suspect;
  return mover->loss[b] < mover->loss[a] ? b : a;
}

/* ------------------------------------------------------------------ the rows */

/* The component that the row belongs to when `moved` is gone; k > 1. */
static size_t neighbour(const struct mover *mover, struct pass *pass, size_t moved) {
  const struct components *m = &pass->components;
  struct block block = pass->workers[0].block;
  size_t best = moved == 0;
  double most = -INFINITY;
  block.rows = 1, block.x = pass->workers[0].own.x, block.phi = pass->workers[0].own.phi, block.made = NULL;
  for (size_t j = 0; j < m->d; j++) block.x[j * block.stride] = mover->row[j];
  m->family->prepare(m, mover->theta, 0);
  m->family->logits(m, &block, pass->workers[0].scratch);
  for (size_t c = 0; c < m->k; c++) {
    double value = c != moved ? block.r[c * block.stride] : -INFINITY;
    if (value > most) most = value, best = c;
  }
  return best;
}

/* What the walks of one move need. */
struct move {
  const struct mover *mover;
  const struct components *aimed; /* whose distances are meant */
  size_t component;
  double radius;
};

/* A pass_block: squared distances from the row, halved. */
static void add_distances(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                          size_t count, double *sums) {
  const struct move *move = context;
  (void)sums;
  emblas_pass_load(pass, worker, first, count);
  move->aimed->family->moves->distances(move->aimed, &worker->block, move->mover->distance + first,
                                        worker->scratch);
}

/* The value that is number m, from 0, in ascending order (Hoare's find); a is rearranged. */
static double select_value(double *a, size_t n, size_t m) {
  size_t low = 0, high = n - 1;
  while (low < high) {
    double pivot = a[low + (high - low) / 2];
    size_t i = low, j = high;
    for (;;) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i >= j) break;
      double swap = a[i];
      a[i++] = a[j];
      a[j--] = swap;
    }
    if (m <= j) /* low .. j are at most the pivot, the others at least */
      high = j;
    else
      low = j + 1;
  }
  return a[m];
}

/* The distance of the m-th nearest row, m log-uniform between least and most. */
static double draw_radius(const struct mover *mover, size_t n, double least, double most,
                          struct random *random) {
  double m = least * pow(fmax(most, least) / least, emblas_random_uniform(random));
  memcpy(mover->sorted, mover->distance, n * sizeof *mover->sorted);
  return select_value(mover->sorted, n, m < (double)n ? (size_t)m - 1 : n - 1);
}

/* So that a component of its own may begin there, and no larger than others. */
static double draw_cluster(const struct mover *mover, const struct pass *pass, struct random *random) {
  size_t n = pass->data->rows;
  return draw_radius(mover, n, 2 * (double)pass->components.least_rows,
                     (double)n / (double)pass->components.k, random);
}

/* The least that a component needs of the m nearest rows, m up to all: such as lie near a line or a plane
   are together in few balls. The distance of the others is infinite then. */
static double draw_simplex(const struct mover *mover, const struct pass *pass, struct random *random) {
  size_t n = pass->data->rows, wanted = pass->components.least_rows, within = 0;
  double radius = draw_radius(mover, n, (double)wanted, (double)n, random);
  for (size_t i = 0; i < n; i++) within += mover->distance[i] <= radius;
  for (size_t i = 0; i < n; i++) { /* Knuth's algorithm S */
    if (mover->distance[i] > radius) continue;
    if (emblas_random_uniform(random) * (double)within-- < (double)wanted)
      wanted--;
    else
      mover->distance[i] = INFINITY;
  }
  return radius;
}

/* A pass_block: statistics of the mixture of which one component has the rows within the radius, and no
 * other. */
static void add_statistics(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                           size_t count, double *sums) {
  const struct move *move = context;
  const struct components *m = &pass->components;
  struct emblas_block_sums ignored = {{0}, 0, 0, 0};
  size_t stride = worker->block.stride;
  double *own = worker->block.r + move->component * stride;
  emblas_pass_load(pass, worker, first, count);
  m->family->logits(m, &worker->block, worker->scratch);
  for (size_t i = 0; i < count; i++) own[i] = move->mover->distance[first + i] <= move->radius ? ALL : -ALL;
  pass->backend->softmax(count, stride, m->k, worker->block.r, worker->view.weights, NULL, &ignored);
  m->family->accumulate(m, &worker->block, sums + 2, worker->scratch);
}

static void draw_row(const struct mover *mover, struct pass *pass, struct random *random) {
  struct pass_worker *worker = &pass->workers[0];
  size_t row = emblas_draw_row(pass, NULL, mover->limits.total_weight, random);
  emblas_frame_load(pass->frame, pass->backend, pass->data, row, 1, (struct emblas_ahead){NULL, 0},
                    worker->block.stride, worker->more_rows, worker->rows);
  for (size_t j = 0; j < pass->components.d; j++) mover->row[j] = worker->rows[j * worker->block.stride];
}

/* ------------------------------------------------------------------ moves */

/* To rows that nobody has looked at. */
static void move_anywhere(const struct mover *mover, struct pass *pass, struct random *random, double *out,
                          double *spare, unsigned *flags) {
  const struct components *m = &pass->components;
  const struct family *family = m->family;
  void *scratch = pass->workers[0].scratch;
  struct move move = {.mover = mover, .aimed = m, .component = choose_component(mover, m->k, random)};
  draw_row(mover, pass, random);
  memcpy(spare, mover->theta, m->parameters * sizeof *spare);
  family->copy(m, mover->theta, neighbour(mover, pass, move.component), m, spare, move.component);
  family->put(m, spare, move.component, mover->row);
  spare[move.component] = 1;
  family->moves->aim(m, spare, move.component, mover->row);
  emblas_pass_walk(pass, 2, add_distances, &move);
  move.radius = draw_cluster(mover, pass, random);
  family->moves->admit(m, spare, out, flags, scratch);
  emblas_pass_prepare(pass, spare);
  double *stats = emblas_pass_walk(pass, 2 + m->k * m->statistics, add_statistics, &move) + 2;
  family->maximise(m, spare, stats, out, flags, scratch);
}

static void try_newcomer(struct mover *mover, struct pass *pass, struct random *random) {
  const struct components *m = &pass->components, *one = &mover->newcomers.one;
  struct move move = {.mover = mover, .aimed = one};
  double *theta = mover->newcomers.theta;
  draw_row(mover, pass, random);
  theta[0] = 1;
  m->family->copy(m, mover->theta, neighbour(mover, pass, m->k), one, theta, 0);
  m->family->put(one, theta, 0, mover->row);
  m->family->moves->aim(one, theta, 0, mover->row);
  emblas_pass_walk(pass, 2, add_distances, &move);
  int simplex = emblas_random_uniform(random) < 0.6;
  double radius = simplex ? draw_simplex(mover, pass, random) : draw_cluster(mover, pass, random);
  emblas_newcomers_try(&mover->newcomers, pass, mover->distance, radius);
}

/* How many are tried before the first of these moves, and before each of the others. */
enum { FIRST_TRIES = 40, MORE_TRIES = 2 };

/* One of the best newcomers takes a component's place. Zero when there is none. */
static int move_to_newcomer(struct mover *mover, struct pass *pass, struct random *random, double *out,
                            unsigned *flags) {
  const struct components *m = &pass->components;
  const struct newcomers *s = &mover->newcomers;
  for (int tries = mover->tried ? MORE_TRIES : FIRST_TRIES; tries > 0; tries--)
    try_newcomer(mover, pass, random);
  mover->tried = 1;
  if (s->count == 0) return 0;
  size_t a = draw(s->count, random), b = draw(s->count, random), c = choose_component(mover, m->k, random);
  const double *theta = s->kept + (a < b ? a : b) * s->size;
  memcpy(out, mover->theta, m->parameters * sizeof *out);
  for (size_t j = 0; j < m->k; j++) out[j] *= (1 - theta[0]) / (1 - mover->theta[c]);
  out[c] = theta[0];
  m->family->copy(&s->one, theta, 0, m, out, c);
  memset(flags, 0, m->k * sizeof *flags);
  return 1;
}

void emblas_mover_move(struct mover *mover, struct pass *pass, struct random *random, double *out,
                       double *spare, unsigned *flags) {
  int newcomer = mover->newcoming && emblas_random_uniform(random) < 0.6;
  if (!newcomer || !move_to_newcomer(mover, pass, random, out, flags))
    move_anywhere(mover, pass, random, out, spare, flags);
}
