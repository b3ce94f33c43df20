/*
 * A place on disk for what is too large for memory: a file without a name, gone with its
 * descriptor, however the program ends.
 *
 * Layer: net.
 */
#ifndef MMSYNC_SPOOL_H
#define MMSYNC_SPOOL_H

#include "mmsync/err.h"

/*
 * Open an empty file for reading and writing, mode 0600, close-on-exec, never descriptor 0 to 2.
 * dir is the folder to use ($TMPDIR, which only app reads); NULL or "": /var/tmp.
 * Owns: *fd, close(). Errors: CONFIG (no such folder, not writable; the hint says what to do),
 * RETRY (disk or descriptors used up), NOMEM.
 */
mms_rc mms_spool_open(const char *dir, int *fd, struct mms_err *err) MMS_MUST_CHECK;

#endif
