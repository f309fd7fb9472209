/* SPDX-License-Identifier: MIT */
/* A matrix of numbers that stays in its file: rows are read when they are asked for, by pread(), so that a
   file which shrinks meanwhile is a row that cannot be read, and no signal. */
#include "npy_header.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536 }; /* bytes that are read at a time where they are not what was asked for */

struct io_array {
  int file;
  size_t offset; /* of the first number */
  struct npy_header header;
  size_t *slot;    /* as of the plan that it was made by */
  size_t selected; /* columns of the rows */
  bool weighted;
  bool direct; /* the rows are in the file as they are in memory */
};

static bool here_is_big_endian(void) {
  const uint16_t one = 1;
  unsigned char first;

  memcpy(&first, &one, 1);
  return first == 0;
}

/* ---- numbers ---- */

static double decode_one(const struct npy_header *header, const unsigned char *bytes) {
  size_t size = header->size;
  uint64_t bits = 0, sign = UINT64_C(1) << (8 * size - 1);

  for (size_t i = 0; i < size; i++) bits = bits << 8 | bytes[header->big_endian ? i : size - 1 - i];
  if (header->kind == 'u') return (double)bits;
  if (header->kind == 'i') return (double)(int64_t)((bits ^ sign) - sign); /* sign-extended */
  if (size == 4) {
    uint32_t single_bits = (uint32_t)bits;
    float single;

    memcpy(&single, &single_bits, sizeof single);
    return (double)single;
  } else {
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
  }
}

static void decode_singles(const unsigned char *bytes, size_t count, double *values) {
  for (size_t i = 0; i < count; i++) {
    float single;

    memcpy(&single, bytes + i * sizeof single, sizeof single);
    values[i] = (double)single;
  }
}

static void decode(const struct npy_header *header, const unsigned char *bytes, size_t count,
                   double *values) {
  bool native = header->big_endian == here_is_big_endian();

  if (native && header->kind == 'f' && header->size == sizeof(double))
    memcpy(values, bytes, count * sizeof *values);
  else if (native && header->kind == 'f' && header->size == sizeof(float))
    decode_singles(bytes, count, values);
  else
    for (size_t i = 0; i < count; i++) values[i] = decode_one(header, bytes + i * header->size);
}

/* ---- reading ---- */

static int read_bytes(const struct io_array *array, size_t number, size_t bytes, void *to) {
  size_t at = array->offset + number * array->header.size, done = 0;

  while (done < bytes) {
    ssize_t got = pread(array->file, (char *)to + done, bytes - done, (off_t)(at + done));

    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1; /* an error, or the file has become shorter */
    done += (size_t)got;
  }
  return 0;
}

static void put(const struct io_array *array, size_t row, size_t slot, double value, double *room,
                double *weights) {
  if (slot == IO_WEIGHT)
    weights[row] = value;
  else if (slot != IO_UNUSED)
    room[row * array->selected + slot] = value;
}

/* Numbers `first` to `first + count` of the file, as doubles; at most NUMBERS. */
static int read_piece(const struct io_array *array, size_t first, size_t count, double *values) {
  unsigned char bytes[PIECE];

  if (read_bytes(array, first, count * array->header.size, bytes) != 0) return -1;
  decode(&array->header, bytes, count, values);
  return 0;
}

enum { NUMBERS = PIECE / sizeof(double) };

static int read_rows(const struct io_array *array, size_t first, size_t count, double *room,
                     double *weights) {
  size_t columns = array->header.columns, end = (first + count) * columns;
  double values[NUMBERS];

  for (size_t at = first * columns; at < end;) {
    size_t more = end - at < NUMBERS ? end - at : NUMBERS;

    if (read_piece(array, at, more, values) != 0) return -1;
    for (size_t i = 0; i < more; i++, at++)
      put(array, at / columns - first, array->slot[at % columns], values[i], room, weights);
  }
  return 0;
}

static int read_columns(const struct io_array *array, size_t first, size_t count, double *room,
                        double *weights) {
  double values[NUMBERS];

  for (size_t column = 0; column < array->header.columns; column++) {
    if (array->slot[column] == IO_UNUSED) continue;
    for (size_t row = 0; row < count;) {
      size_t more = count - row < NUMBERS ? count - row : NUMBERS;

      if (read_piece(array, column * array->header.rows + first + row, more, values) != 0) return -1;
      for (size_t i = 0; i < more; i++, row++)
        put(array, row, array->slot[column], values[i], room, weights);
    }
  }
  return 0;
}

/* Single precision, all columns: the bytes go into the room's end, and become doubles from its begin on. */
static int read_singles(const struct io_array *array, size_t first, size_t count, double *room) {
  size_t numbers = count * array->selected;
  unsigned char *bytes = (unsigned char *)room + numbers * (sizeof(double) - sizeof(float));

  if (read_bytes(array, first * array->selected, numbers * sizeof(float), bytes) != 0) return -1;
  decode_singles(bytes, numbers, room);
  return 0;
}

static int read_array(void *context, size_t first, size_t count, double *room, struct emblas_rows *rows) {
  const struct io_array *array = context;
  const struct npy_header *header = &array->header;
  double *weights = room + count * array->selected;
  int result;

  if (array->direct && header->size == sizeof(double))
    result = read_bytes(array, first * array->selected, count * array->selected * sizeof(double), room);
  else if (array->direct)
    result = read_singles(array, first, count, room);
  else
    result = (header->fortran ? read_columns : read_rows)(array, first, count, room, weights);
  rows->values = room;
  if (array->weighted) rows->weights = weights;
  return result;
}

/* ---- one array ---- */

struct io_array *io_array_make(int file, size_t offset, const struct npy_header *header,
                               const struct io_plan *plan) {
  struct io_array *array = calloc(1, sizeof *array);

  if (!array) return NULL;
  *array = (struct io_array){.file = dup(file),
                             .offset = offset,
                             .header = *header,
                             .slot = malloc(header->columns * sizeof *array->slot),
                             .selected = plan->selected,
                             .weighted = plan->weighted};
  if (array->file < 0 || !array->slot) {
    io_array_free(array);
    return NULL;
  }
  memcpy(array->slot, plan->slot, header->columns * sizeof *array->slot);
  array->direct = !header->fortran && header->kind == 'f' && plan->selected == header->columns &&
                  header->big_endian == here_is_big_endian();
  for (size_t c = 0; c < header->columns; c++) array->direct = array->direct && array->slot[c] == c;
  return array;
}

struct emblas_reader io_array_reader(struct io_array *array) {
  return (struct emblas_reader){read_array, array, array->weighted};
}

void io_array_free(struct io_array *array) {
  if (!array) return;
  if (array->file >= 0) close(array->file);
  free(array->slot);
  free(array);
}

/* ---- a table of it ---- */

/* Are there so many numbers that they stay in the file? */
static bool stays(const struct io_source *source, const struct npy_header *header) {
  size_t from = source->selection->stay_from;

  return from > 0 && source->content == IO_VALUES && !source->selection->format.drop_missing &&
         header->rows >= from / sizeof(double) / header->columns;
}

static size_t column_of(const struct io_array *array, size_t slot) {
  size_t column = 0;

  while (array->slot[column] != slot) column++;
  return column;
}

static int check_value(const struct io_source *source, const struct io_array *array, size_t row,
                       size_t slot, double value, struct io_error *error) {
  bool missing = isnan(value) && source->selection->format.drop_missing;
  const char *problem = missing ? NULL : io_value_problem(value, slot, source->content);
  char text[32];

  if (!problem) return 0;
  return io_fail(error, "%s: row %zu, column %zu: %s %s", source->name, row + 1, column_of(array, slot) + 1,
                 io_number_format(value, text), problem);
}

static int take_rows(const struct io_source *source, const struct io_array *array, size_t first,
                     size_t count, const struct emblas_rows *rows, struct io_table *table,
                     struct io_error *error) {
  size_t d = table->columns;

  memcpy(table->values + first * d, rows->values, count * d * sizeof *table->values);
  if (table->weights) memcpy(table->weights + first, rows->weights, count * sizeof *table->weights);
  for (size_t i = first; i < first + count; i++) {
    for (size_t j = 0; j < d; j++)
      if (check_value(source, array, i, j, table->values[i * d + j], error) != 0) return -1;
    if (table->weights && check_value(source, array, i, IO_WEIGHT, table->weights[i], error) != 0)
      return -1;
  }
  return 0;
}

static int read_all(const struct io_source *source, struct io_table *table, struct io_error *error) {
  struct io_array *array = table->array;
  double *room = malloc((table->columns + 1) * EMBLAS_ROWS_TOGETHER * sizeof *room);
  int result = 0;

  table->values = malloc(table->rows * table->columns * sizeof *table->values);
  if (array->weighted) table->weights = malloc(table->rows * sizeof *table->weights);
  if (!room || !table->values || (array->weighted && !table->weights))
    result = io_fail_memory(error, source->name);
  for (size_t first = 0, count; first < table->rows && result == 0; first += count) {
    struct emblas_rows rows = {.stride = table->columns};

    count = table->rows - first < EMBLAS_ROWS_TOGETHER ? table->rows - first : EMBLAS_ROWS_TOGETHER;
    if (read_array(array, first, count, room, &rows) != 0)
      result = io_fail(error, "%s: row %zu cannot be read", source->name, first + 1);
    else
      result = take_rows(source, array, first, count, &rows, table, error);
  }
  free(room);
  io_array_free(array);
  table->array = NULL;
  return result;
}

int io_array_table(const struct io_source *source, int file, size_t offset, const struct npy_header *header,
                   struct io_table *table, struct io_error *error) {
  struct io_plan plan = {0};
  const struct io_header nameless = {source->name, NULL, header->columns, false, NULL};
  int result = -1;

  if (io_plan_make(&plan, &nameless, source->selection, error) == 0) {
    table->rows = header->rows;
    table->columns = plan.selected;
    table->array = io_array_make(file, offset, header, &plan);
    if (!table->array || io_table_name(table, &plan, NULL) != 0)
      io_fail_memory(error, source->name);
    else
      result = stays(source, header) ? 0 : read_all(source, table, error);
  }
  io_plan_free(&plan);
  return result;
}
