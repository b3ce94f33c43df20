/* db: what each error number means, and that no value leaks through a server's text. */
#include "support/unit.h"

#include <string.h>

#include "../../connector/db/conn.h"
#include "mmsync/ddl.h"

/* Written down apart from the table: the numbers as MariaDB documents them. */
static const struct {
	mms_rc rc;
	unsigned flags;
	unsigned numbers[40];
} classes[] = {
	{ MMS_E_RETRY,
	  MMS_DBE_ROLLED,
	  { 1020, 1037, 1038, 1041, 1180, 1205, 1213, 1223, 1317, 1412, 1614, 1615, 1637,
	    1969 } },
	{ MMS_E_RETRY,
	  MMS_DBE_LOST | MMS_DBE_ROLLED,
	  { 1047, 1053, 1077, 1152, 1154, 1156, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013,
	    2027, 2055, 5013, 5014, 5015 } },
	{ MMS_E_CONFLICT, MMS_DBE_VALUE, { 1022, 1062, 1586 } },
	{ MMS_E_CONFLICT, 0, { 1050, 1060, 1061, 1091 } },
	{ MMS_E_ITEM, 0, { 1048, 1118, 1264, 1265, 1301, 1365, 1406, 1452, 1845, 1846, 4025 } },
	{ MMS_E_ITEM, MMS_DBE_VALUE, { 1292, 1300, 1366, 1411, 1441, 1525, 1644, 1690, 1977 } },
	{ MMS_E_ITEM, MMS_DBE_LOST | MMS_DBE_ROLLED, { 1153, 2020 } },
	{ MMS_E_DB, MMS_DBE_REFUSED, { 1044, 1045, 1046, 1049, 1698, 1862, 2059, 2061, 4151 } },
	{ MMS_E_DB, 0, { 1034, 1040, 1051, 1054, 1129, 1130, 1142, 1143, 1146,
			 1176, 1194, 1203, 1226, 1227, 1364, 1461, 1932, 2001,
			 2002, 2003, 2004, 2005, 2007, 2012, 2026 } },
	{ MMS_E_DB, MMS_DBE_ROLLED, { 1021, 1030, 1036, 1114, 1290, 1665, 1792, 5003 } },
	{ MMS_E_NOMEM, MMS_DBE_LOST | MMS_DBE_ROLLED, { 2008 } },
	{ MMS_E_BUG,
	  0,
	  { 1052, 1055, 1058, 1064, 1065, 1136, 1210, 2030, 2031, 2036, 2057, 5006 } },
	{ MMS_E_BUG, MMS_DBE_ROLLED, { 1243 } },
	{ MMS_E_BUG, MMS_DBE_LOST | MMS_DBE_ROLLED, { 2014 } },
};

static void
every_number_means_what_is_written_here(void **state)
{
	size_t n_rows, n = 0;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(classes); i++) {
		for (size_t k = 0; classes[i].numbers[k] != 0; k++, n++) {
			const struct mms_db_error *e = mms_db_error_find(classes[i].numbers[k]);
			if (e->number != classes[i].numbers[k] || e->rc != classes[i].rc ||
			    e->flags != classes[i].flags)
				fail_msg("%u: %s, flags %u", classes[i].numbers[k],
					 mms_rc_name(e->rc), e->flags);
		}
	}
	(void)mms_db_error_rows(&n_rows);
	assert_int_equal(n_rows, n + 1); /* and the row for all others */
}

static void
numbers_stand_once(void **state)
{
	size_t n;
	const struct mms_db_error *rows = mms_db_error_rows(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n; k++)
			assert_int_not_equal(rows[i].number, rows[k].number);
	}
}

static void
unknown_numbers_stop(void **state)
{
	(void)state;
	assert_int_equal(mms_db_error_find(99999)->rc, MMS_E_DB);
	assert_int_equal(mms_db_error_find(99999)->flags, MMS_DBE_ROLLED);
	assert_int_equal(mms_db_error_find(0)->rc, MMS_E_DB);
}

static void
values_are_cut_out_of_texts(void **state)
{
	static const struct {
		unsigned number;
		const char *text, *want;
	} rows[] = {
		{ 1062, "Duplicate entry 'secret' for key 'PRIMARY'",
		  "Duplicate entry (value) for key 'PRIMARY'" },
		{ 1062, "Duplicate entry 'a' for key 'b' for key 'by_title'",
		  "Duplicate entry (value) for key 'by_title'" },
		{ 1062, "Duplicate entry 'it's' for key 'by title'",
		  "Duplicate entry (value) for key 'by title'" },
		{ 1366,
		  "Incorrect string value: '\\xE9 secret' for column `d`.`t`.`c` at row 1",
		  "Incorrect string value: (value) for column `d`.`t`.`c` at row 1" },
		{ 1292, "Truncated incorrect DOUBLE value: 'secret'",
		  "Truncated incorrect DOUBLE value: (value)" },
		{ 1690, "BIGINT value is out of range in '(`d`.`t`.`n` - secret)'",
		  "BIGINT value is out of range in (value)" },
		{ 1406, "Data too long for column 'title' at row 3",
		  "Data too long for column 'title' at row 3" },
		{ 1045, "Access denied for user 'u'@'h' (using password: YES)",
		  "Access denied for user 'u'@'h' (using password: YES)" },
		{ 4025, "CONSTRAINT `e.note` failed for `d`.`e`",
		  "CONSTRAINT `e.note` failed for `d`.`e`" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) out = { 0 };
		mms_db_error_add_text(&out, mms_db_error_find(rows[i].number), rows[i].text);
		assert_string_equal(mms_str_get(&out), rows[i].want);
	}
}

static void
names_and_texts_are_quoted(void **state)
{
	static const struct {
		const char *in, *ident, *text;
	} rows[] = {
		{ "plain", "`plain`", "'plain'" },
		{ "tabMM Calendar `x`", "`tabMM Calendar ``x```", "'tabMM Calendar `x`'" },
		{ "it's \\", "`it's \\`", "'it''s \\\\'" },
		{ "", "``", "''" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) ident = { 0 }, text = { 0 };
		mms_sql_add_ident(&ident, rows[i].in);
		mms_sql_add_text(&text, rows[i].in);
		assert_string_equal(mms_str_get(&ident), rows[i].ident);
		assert_string_equal(mms_str_get(&text), rows[i].text);
	}
	MMS_AUTO(mms_str) null = { 0 };
	mms_sql_add_text(&null, NULL);
	assert_string_equal(mms_str_get(&null), "NULL");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_means_what_is_written_here),
		cmocka_unit_test(numbers_stand_once),
		cmocka_unit_test(unknown_numbers_stop),
		cmocka_unit_test(values_are_cut_out_of_texts),
		cmocka_unit_test(names_and_texts_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
