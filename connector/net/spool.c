/* Unlinked temporary files: O_TMPFILE, and a name that is removed at once where it is unknown. */
#include "mmsync/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_DIR "/var/tmp"

/* A folder on NFS or an overlay without O_TMPFILE: the name lives for two system calls. */
static int
open_named(const char *dir, struct mms_str *name)
{
	mms_str_addf(name, "%s/mmsync-XXXXXX", dir);
	if (name->state != MMS_OK) {
		errno = ENOMEM;
		return -1;
	}
	int fd = mkostemp(name->ptr, O_CLOEXEC);
	if (fd >= 0 && unlink(name->ptr) != 0) {
		int failed = errno;

		(void)close(fd);
		errno = failed;
		return -1;
	}
	return fd;
}

/* Standard input may be closed: 0 to 2 are taken for what they usually are. */
static int
move_up(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int failed = errno;
	(void)close(fd);
	errno = failed;
	return moved;
}

mms_rc
mms_spool_open(const char *dir, int *fd, struct mms_err *err)
{
	MMS_AUTO(mms_str) name = { 0 };

	if (dir == NULL || dir[0] == '\0')
		dir = DEFAULT_DIR;
	int opened = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, S_IRUSR | S_IWUSR);
	if (opened < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		opened = open_named(dir, &name);
	opened = move_up(opened);
	if (opened >= 0) {
		*fd = opened;
		return MMS_OK;
	}
	if (errno == ENOMEM)
		return mms_fail_nomem(err);
	bool is_passing = errno == ENOSPC || errno == EDQUOT || errno == EMFILE ||
			  errno == ENFILE || errno == EIO;
	mms_fail(err, is_passing ? MMS_E_RETRY : MMS_E_CONFIG, "temporary files in %s: %s", dir,
		 strerrordesc_np(errno));
	return mms_hint(err, "set TMPDIR to a folder that is writable and has room");
}
