/*
 * The floor under a survey: the system calls that a worker makes in its scratch directory, and
 * little else. Not a line-by-line twin; it makes as many calls of each kind, in the same order of
 * cost: files and directories, attributes, nodes, renames, locks between processes, syncs, overlays
 * mounted detached and used, a namespace of its own, a user namespace, and the removal of it all.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void file(const char *name, size_t size)
{
	static char data[65536];
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, data, size) < 0) { perror(name); exit(1); }
	close(fd);
}

static void attribute(const char *path, const char *name, const void *value, size_t size)
{
	char seen[4096];
	setxattr(path, name, value, size, 0);
	getxattr(path, name, seen, sizeof seen);
	listxattr(path, seen, sizeof seen);
	removexattr(path, name);
	getxattr(path, name, seen, sizeof seen);
}

static int overlay(const char *options[])
{
	int context = syscall(SYS_fsopen, "overlay", 1);
	for (; options[0]; options += 2)
		syscall(SYS_fsconfig, context, 1, options[0], options[1], 0);
	syscall(SYS_fsconfig, context, 6, NULL, NULL, 0);
	int mount = syscall(SYS_fsmount, context, 1, 0);
	int root = openat(mount, ".", O_RDONLY | O_DIRECTORY);
	close(mount);
	close(context);
	return root;
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	if (fd >= 0) { if (write(fd, text, strlen(text)) < 0) perror(path); close(fd); }
}

static void locks(void)
{
	for (int kind = 0; kind < 3; kind++) {
		char name[16];
		snprintf(name, sizeof name, "lock%d", kind);
		file(name, 0);
		int fd = open(name, O_RDWR);
		flock(fd, LOCK_EX | LOCK_NB);
		int other = open(name, O_RDWR);
		flock(other, LOCK_EX | LOCK_NB);
		close(other);
		close(fd);
	}
}

static void in_process(void (*work)(void))
{
	pid_t pid = fork();
	if (pid == 0) { work(); _exit(0); }
	waitpid(pid, NULL, 0);
}

static void nothing(void) {}

static void layers(void)
{
	const char *names[] = {"read", "append", "delete", "hidden", "move", "attributes", "metadata"};
	const char *trees[] = {"again", "tree", "swap", "opaque"};
	char path[64];
	mkdir("l1", 0700);
	for (int i = 0; i < 7; i++) { snprintf(path, sizeof path, "l1/%s", names[i]); file(path, 5); }
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "l1/%s", trees[i]); mkdir(path, 0700);
		snprintf(path, sizeof path, "l1/%s/file", trees[i]); file(path, 5);
	}
	mkdir("l2", 0700); file("l2/read", 6); mknod("l2/hidden", S_IFCHR, 0); mkdir("l2/opaque", 0700);
	setxattr("l2/opaque", "trusted.overlay.opaque", "y", 1, 0);
	mkdir("upper", 0700); mkdir("work", 0700); mkdir("merged", 0700);
}

static void use(int root)
{
	int fd = openat(root, "append", O_WRONLY | O_APPEND);
	if (fd >= 0) { if (write(fd, "x", 1) < 0) perror("append"); close(fd); }
	unlinkat(root, "delete", 0);
	unlinkat(root, "again/file", 0); unlinkat(root, "again", AT_REMOVEDIR); mkdirat(root, "again", 0700);
	renameat(root, "move", root, "moved"); renameat(root, "tree", root, "woods");
	unlinkat(root, "swap/file", 0); mkdirat(root, "fresh", 0700); renameat(root, "fresh", root, "swap");
	linkat(root, "read", root, "linked", 0);
	mkfifoat(root, "fifo", 0600); mknodat(root, "null", S_IFCHR | 0600, makedev(1, 3));
	fd = openat(root, "program", O_WRONLY | O_CREAT, 0700); close(fd);
	fchownat(root, "program", 1000, 1000, 0); fchmodat(root, "program", 04755, 0);
}

static void rootless(void)
{
	unshare(CLONE_NEWUSER | CLONE_NEWNS);
	write_to("/proc/self/setgroups", "deny");
	write_to("/proc/self/uid_map", "0 0 1");
	write_to("/proc/self/gid_map", "0 0 1");
	mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
	mount("overlay", "rootless/merged", "overlay", 0,
	      "userxattr,lowerdir=l2:l1,upperdir=rootless/upper,workdir=rootless/work");
	unlink("rootless/merged/delete");
	rename("rootless/merged/move", "rootless/merged/moved");
}

static void stacked(void)
{
	unshare(CLONE_NEWNS);
	mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
	mount("tmpfs", "merged", "tmpfs", 0, NULL);
	umount2("merged", MNT_DETACH);
	for (int i = 0; i < 3; i++)
		mount("overlay", "merged", "overlay", 0, i ? "lowerdir=merged:l1" : "lowerdir=l2:l1");
	while (!umount2("merged", MNT_DETACH)) continue;
}

static int removed(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status; (void)type; (void)where;
	return remove(path);
}

int main(int count, char **arguments)
{
	char scratch[4096];
	if (count != 2) return 2;
	snprintf(scratch, sizeof scratch, "%s/.floor-XXXXXX", arguments[1]);
	if (!mkdtemp(scratch) || chdir(scratch)) { perror(scratch); return 1; }

	for (int i = 0; i < 34; i++) { char name[16]; snprintf(name, sizeof name, "f%d", i); file(name, 8); }
	for (int i = 0; i < 10; i++) { char name[16]; snprintf(name, sizeof name, "d%d", i); mkdir(name, 0700); }
	for (int i = 0; i < 11; i++) { char name[16]; snprintf(name, sizeof name, "s%d", i); if (symlink("f0", name)) return 1; }
	file("data", 65536); file("original", 65536);
	const char *names[] = {"user.fscaps", "trusted.fscaps", "trusted.overlay.opaque", "user.overlay.opaque"};
	for (int i = 0; i < 4; i++) { attribute("f0", names[i], "y", 1); attribute("d0", names[i], "y", 1); }
	mknod("c", S_IFCHR, 0); mknod("n", S_IFCHR | 0600, makedev(1, 3)); mkfifo("p", 0600);
	for (int i = 0; i < 3; i++) {
		char from[16], to[16];
		snprintf(from, sizeof from, "f%d", 2 * i + 1); snprintf(to, sizeof to, "f%d", 2 * i + 2);
		syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1u << i);
		rename(from, to);
	}
	if (link("f0", "h") || chown("f0", 1000, 1000) || chmod("f0", 04755)) return 1;
	for (int i = 0; i < 10; i++) { int fd = open("data", O_WRONLY); if (pwrite(fd, "x", 1, 0) < 0) return 1; fsync(fd); close(fd); }
	locks();
	in_process(nothing); in_process(nothing);

	char at[3][64], lower[160];
	layers();
	int here = open(".", O_RDONLY | O_DIRECTORY);
	snprintf(lower, sizeof lower, "/proc/self/fd/%d/l2:/proc/self/fd/%d/l1", here, here);
	snprintf(at[1], sizeof at[1], "/proc/self/fd/%d/upper", here);
	snprintf(at[2], sizeof at[2], "/proc/self/fd/%d/work", here);
	const char *options[] = {"lowerdir", lower, "upperdir", at[1], "workdir", at[2], NULL};
	int root = overlay(options);
	if (root < 0) { perror("overlay"); return 1; }
	use(root); close(root);
	root = overlay(options); close(root);
	mkdir("rootless", 0700); mkdir("rootless/upper", 0700); mkdir("rootless/work", 0700); mkdir("rootless/merged", 0700);
	in_process(rootless); in_process(stacked);
	if (chdir("/")) return 1;
	return nftw(scratch, removed, 16, FTW_DEPTH | FTW_PHYS) ? 1 : 0;
}
