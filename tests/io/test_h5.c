/* SPDX-License-Identifier: MIT */
/* Datasets of HDF5: what is read, and what is refused by its name with nothing else opened. */
#include "support.h"

#include <criterion/criterion.h>
#include <hdf5.h>
#include <io/io.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(h5, .init = directory_enter, .fini = directory_leave);

enum { ROWS = 3000, COLUMNS = 3 };

static double value(size_t i) {
  return (double)(float)(sin((double)i) * 100); /* what single precision holds */
}

static hid_t open_new(const char *name) {
  hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

  cr_assert_geq(file, 0);
  return file;
}

/* A dataset of `rows` x COLUMNS as `creation` has it, of which `written` rows are filled. */
static void make_set(hid_t at, const char *name, hid_t type, hsize_t rows, hid_t creation, size_t written) {
  hsize_t shape[2] = {rows, COLUMNS}, first[2] = {0, 0}, count[2] = {written, COLUMNS};
  hid_t space = H5Screate_simple(2, shape, NULL);
  hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  double *values = malloc((written + 1) * COLUMNS * sizeof *values);

  cr_assert_geq(set, 0, "%s", name);
  for (size_t i = 0; i < written * COLUMNS; i++) values[i] = value(i);
  if (written > 0) {
    hid_t memory = H5Screate_simple(2, count, NULL);

    H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, count, NULL);
    cr_assert_geq(H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values), 0);
    H5Sclose(memory);
  }
  free(values);
  H5Dclose(set);
  H5Sclose(space);
}

static hid_t in_chunks(hsize_t rows, hsize_t columns) {
  hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t chunk[2] = {rows, columns};

  H5Pset_chunk(creation, 2, chunk);
  return creation;
}

static void write_sets(void) {
  hid_t file = open_new("a.h5"), packed = in_chunks(700, 2), compact = H5Pcreate(H5P_DATASET_CREATE);
  hid_t external = H5Pcreate(H5P_DATASET_CREATE), odd = in_chunks(700, 2),
        huge = in_chunks(1 << 24, COLUMNS);
  hid_t group = H5Gcreate2(file, "deep", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

  H5Pset_shuffle(packed);
  H5Pset_deflate(packed, 6);
  H5Pset_fletcher32(packed);
  H5Pset_layout(compact, H5D_COMPACT);
  H5Pset_external(external, "elsewhere", 0, 100 * COLUMNS * 8);
  H5Pset_scaleoffset(odd, H5Z_SO_FLOAT_DSCALE, 3);
  make_set(file, "doubles", H5T_IEEE_F64LE, ROWS, H5P_DEFAULT, ROWS);
  make_set(file, "singles", H5T_IEEE_F32LE, ROWS, H5P_DEFAULT, ROWS);
  make_set(file, "swapped", H5T_IEEE_F64BE, ROWS, H5P_DEFAULT, ROWS);
  make_set(file, "packed", H5T_IEEE_F64LE, ROWS, packed, ROWS);
  make_set(file, "compact", H5T_IEEE_F32BE, 1000, compact, 1000);
  make_set(group, "rows", H5T_IEEE_F64LE, ROWS, H5P_DEFAULT, ROWS);
  make_set(file, "integers", H5T_STD_I16LE, ROWS, H5P_DEFAULT, ROWS);
  make_set(file, "unwritten", H5T_IEEE_F64LE, (hsize_t)1 << 35, H5P_DEFAULT, 0);
  make_set(file, "bomb", H5T_IEEE_F64LE, (hsize_t)1 << 40, packed, 700);
  make_set(file, "huge", H5T_IEEE_F64LE, 1 << 24, huge, 0);
  make_set(file, "external", H5T_IEEE_F64LE, 100, external, 0);
  make_set(file, "filtered", H5T_IEEE_F64LE, ROWS, odd, ROWS);
  make_set(file, "half", H5T_NATIVE_LDOUBLE, 10, H5P_DEFAULT, 10);
  H5Lcreate_soft("/doubles", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("b.h5", "/", group, "away", H5P_DEFAULT, H5P_DEFAULT);
  H5Pclose(packed), H5Pclose(compact), H5Pclose(external), H5Pclose(odd), H5Pclose(huge);
  H5Gclose(group);
  H5Fclose(file);
}

static void expect_rows(const char *path, size_t rows, bool rounded) {
  for (size_t stay = 0; stay < 2; stay++) {
    const struct io_selection selection = {.stay_from = stay};
    double room[(COLUMNS + 1) * 100];
    struct emblas_rows some = {.stride = COLUMNS};
    struct io_table table;
    struct io_error error;

    cr_assert_eq(io_table_read(path, &selection, &table, &error), 0, "%s", error.text);
    cr_assert_eq(table.rows, rows, "%s", path);
    cr_assert_eq(table.columns, COLUMNS, "%s", path);
    cr_assert_eq(table.array != NULL, stay, "%s", path);
    for (size_t first = 0; first < rows; first += 100) {
      if (stay) {
        struct emblas_reader reader = io_array_reader(table.array);

        cr_assert_eq(reader.read(reader.context, first, 100, room, &some), 0, "%s", path);
      } else {
        some.values = table.values + first * COLUMNS;
      }
      for (size_t i = 0; i < 100 * COLUMNS; i++) {
        double expected = value(first * COLUMNS + i);

        cr_assert_eq(some.values[i], rounded ? trunc(expected) : expected, "%s: %zu", path,
                     first * COLUMNS + i);
      }
    }
    io_table_free(&table);
  }
}

Test(h5, reads_numbers_of_many_kinds) {
  write_sets();
  expect_rows("a.h5:/doubles", ROWS, false);
  expect_rows("a.h5:doubles", ROWS, false);
  expect_rows("a.h5:/singles", ROWS, false);
  expect_rows("a.h5:/swapped", ROWS, false);
  expect_rows("a.h5:/packed", ROWS, false);
  expect_rows("a.h5:/compact", 1000, false);
  expect_rows("a.h5://deep/rows", ROWS, false);
  expect_rows("a.h5:/integers", ROWS, true);
}

static void expect_refusal(const char *path, const char *reason) {
  struct io_table table;
  struct io_error error;

  cr_expect_eq(io_table_read(path, NULL, &table, &error), -1, "%s", path);
  cr_expect(strstr(error.text, reason), "%s: %s", path, error.text);
}

Test(h5, refuses_what_leads_elsewhere_or_is_not_there) {
  write_sets();
  expect_refusal("a.h5:/soft", "'soft' is a link that may lead elsewhere");
  expect_refusal("a.h5:/deep/away/doubles", "'away' is a link that may lead elsewhere");
  expect_refusal("a.h5:/external", "the dataset lies in other files");
  expect_refusal("a.h5:/filtered", "deflate, shuffle and fletcher32 are read");
  expect_refusal("a.h5:/bomb", "chunks are in the file");
  expect_refusal("a.h5:/huge", "chunks of more than");
  expect_refusal("a.h5:/unwritten", "the dataset is not in the file");
  expect_refusal("a.h5:/half", "not of integers or of numbers in single or double precision");
  expect_refusal("a.h5:/deep", "a dataset is needed");
  expect_refusal("a.h5:/nothing", "there is no 'nothing'");
  expect_refusal("a.h5:/../doubles", "there is no '..'");
  expect_refusal("a.h5:/doubles/x", "'x' is in no group");
  expect_refusal("a.h5", "which dataset?");
  expect_refusal("none.h5:/x", "No such file");
  cr_assert_eq(truncate("a.h5", 3000), 0);
  expect_refusal("a.h5:/doubles", "not a file of HDF5, or not to be read");
}

/* The messages of HDF5 itself are silent meanwhile, and as the host has them afterwards. */
Test(h5, leaves_the_library_as_it_was) {
  struct io_table table;
  struct io_error error;
  H5E_auto2_t before, after;
  unsigned plugins = 1;
  void *context;

  H5Eget_auto2(H5E_DEFAULT, &before, &context);
  H5PLset_loading_state(H5PL_ALL_PLUGIN);
  cr_expect_eq(io_table_read("none.h5:/x", NULL, &table, &error), -1);
  H5Eget_auto2(H5E_DEFAULT, &after, &context);
  H5PLget_loading_state(&plugins);
  cr_expect(before == after);
  cr_expect_eq(plugins, (unsigned)H5PL_ALL_PLUGIN);
}
