/*
 * The circuits of services as a whole, and of hosts of feeds: mmsync_circuit. A row is changed only as it
 * was read (version), and never deleted.
 *
 * Layer: store.
 */
#ifndef MMSYNC_CIRCUITS_H
#define MMSYNC_CIRCUITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/circuit.h"
#include "mmsync/db.h"
#include "mmsync/err.h"

/* One row. All zero: there is none. */
struct mms_circuit_row {
	char *scope; /* owned */
	struct mms_circuit_state circuit;
	uint64_t last_key; /* which calendar failed last                                    */
	int64_t closings;  /* how often something went well after failures                  */
	int64_t version;
	bool is_probed; /* somebody was trying when it was read                          */
	int64_t changed_ms;
	char *error; /* owned; NULL: none                                             */
};
void mms_circuit_row_release(struct mms_circuit_row *row);

/* All zero is empty. */
struct mms_circuits {
	struct mms_circuit_row *items; /* owned, by scope */
	size_t n, cap;
};
void mms_circuits_release(struct mms_circuits *circuits);

/* All rows. One statement. */
mms_rc mms_circuits_load(struct mms_db *db, struct mms_circuits *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/* One row as it is now; *is_there false: none, and *out is empty. */
mms_rc mms_circuit_load(struct mms_db *db, const char *scope, struct mms_circuit_row *out,
			bool *is_there, struct mms_err *err) MMS_MUST_CHECK;

/* The first failure of a scope (row->scope, last_key, changed_ms, error). *is_new false: there is a row already. */
mms_rc mms_circuit_add(struct mms_db *db, const struct mms_circuit_row *row, bool *is_new,
		       struct mms_err *err) MMS_MUST_CHECK;
/* Write a row, version being the one it was read with; whoever was trying is so no more. *is_done false: it has changed. */
mms_rc mms_circuit_put(struct mms_db *db, const struct mms_circuit_row *row, bool *is_done,
		       struct mms_err *err) MMS_MUST_CHECK;
/*
 * Be the one who tries, for two minutes of the database's clock. *is_done false: somebody else is, or the row
 * has changed.
 */
mms_rc mms_circuit_probe(struct mms_db *db, const struct mms_circuit_row *row, const char *who,
			 int64_t now_ms, bool *is_done, struct mms_err *err) MMS_MUST_CHECK;

#endif
