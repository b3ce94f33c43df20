/* Want of memory: what makes a text makes it whole, or says that it could not. */
#ifndef SUPPORT_STARVE_H
#define SUPPORT_STARVE_H

#include "mmsync/err.h"
#include "mmsync/str.h"

typedef mms_rc (*starve_fn)(void *aux, struct mms_str *out, struct mms_err *err);
/*
 * Once with all memory, then with the n-th allocation failing, for each n until all goes well: NOMEM, or the
 * same text. Skips the test where allocations cannot be made to fail.
 */
void starve_check(starve_fn make, void *aux);

#endif
