/*
 * What runs in the guest as its first process: it starts commands for the test outside and sends back what they print.
 * One virtio-serial port carries everything, in frames of a header (three little-endian 32-bit words: the command's
 * number, the frame's type, the payload's length) and a payload.
 *
 * It is static, small and locked in memory, so that it neither weighs in a capture nor waits for a page while the
 * machine is short of memory. When the test outside is gone the port hangs up, and the guest powers off.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUN = 1, SIGNAL = 2, READY = 3, OUT = 4, ERR = 5, EXIT = 6 };

enum { COMMANDS_MAX = 32, PAYLOAD_MAX = 64 * 1024 };

struct header {
	uint32_t id;
	uint32_t type;
	uint32_t length;
};

struct command {
	uint32_t id;
	pid_t pid; /* 0: this slot is free */
	int out;   /* -1: closed */
	int err;
};

static struct command commands[COMMANDS_MAX];
static int port;
static char payload[PAYLOAD_MAX + 1];

static void power_off(const char *why)
{
	fprintf(stderr, "agent: %s; powering off\n", why);
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void write_all(const void *from, size_t length)
{
	while (length > 0) {
		ssize_t written = write(port, from, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			power_off("nobody listens");
		from = (const char *)from + written;
		length -= written;
	}
}

static void send_frame(uint32_t id, uint32_t type, const void *from, uint32_t length)
{
	struct header header = { id, type, length };

	write_all(&header, sizeof(header));
	if (length > 0)
		write_all(from, length);
}

static void read_all(void *into, size_t length)
{
	while (length > 0) {
		ssize_t got = read(port, into, length);

		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			power_off("the test has hung up");
		into = (char *)into + got;
		length -= got;
	}
}

static void become(const char *text, int out, int err)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);
	int score = open("/proc/self/oom_score_adj", O_WRONLY);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid(); /* a group of its own, so that a signal reaches all that it started */
	if (score >= 0 && write(score, "0", 1) != 1)
		fprintf(stderr, "agent: oom_score_adj stays\n");
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	_exit(127);
}

static void start(uint32_t id, const char *text)
{
	int out[2], err[2];
	int32_t failed = 127;
	struct command *slot = commands;

	while (slot < commands + COMMANDS_MAX && slot->pid != 0)
		slot++;
	if (slot == commands + COMMANDS_MAX || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
		send_frame(id, ERR, "agent: too many commands at a time\n", 35);
		send_frame(id, EXIT, &failed, sizeof(failed));
		return;
	}
	slot->pid = fork();
	if (slot->pid == 0)
		become(text, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (slot->pid < 0) {
		slot->pid = 0;
		close(out[0]);
		close(err[0]);
		send_frame(id, EXIT, &failed, sizeof(failed));
		return;
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	slot->id = id;
	slot->out = out[0];
	slot->err = err[0];
}

/* Sends what a pipe holds, one frame or all of it; closes it when its last writer is gone. */
static void forward(struct command *command, int *fd, uint32_t type, int all)
{
	ssize_t got;

	do {
		got = read(*fd, payload, PAYLOAD_MAX);
		if (got > 0)
			send_frame(command->id, type, payload, got);
	} while (all && got > 0);
	if (got == 0) {
		close(*fd);
		*fd = -1;
	}
}

static void finish(struct command *command, int status)
{
	int32_t code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	/* What it left running may hold the pipes open for ever: only what is in them now is its own. */
	if (command->out >= 0)
		forward(command, &command->out, OUT, 1);
	if (command->err >= 0)
		forward(command, &command->err, ERR, 1);
	if (command->out >= 0)
		close(command->out);
	if (command->err >= 0)
		close(command->err);
	send_frame(command->id, EXIT, &code, sizeof(code));
	command->pid = 0;
}

/* As the first process it inherits every orphan, and buries those too. */
static void reap(int signals)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	if (read(signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (struct command *command = commands; command < commands + COMMANDS_MAX; command++)
			if (command->pid == pid)
				finish(command, status);
}

static void obey(void)
{
	struct header header;
	int32_t number;

	read_all(&header, sizeof(header));
	if (header.length > PAYLOAD_MAX)
		power_off("a frame is too long");
	read_all(payload, header.length);
	payload[header.length] = '\0';
	if (header.type == RUN)
		start(header.id, payload);
	if (header.type != SIGNAL)
		return;
	memcpy(&number, payload, sizeof(number));
	for (struct command *command = commands; command < commands + COMMANDS_MAX; command++)
		if (command->pid != 0 && command->id == header.id)
			kill(-command->pid, number);
}

static void serve(int signals)
{
	struct pollfd fds[2 + 2 * COMMANDS_MAX];

	for (;;) {
		fds[0] = (struct pollfd){ port, POLLIN, 0 };
		fds[1] = (struct pollfd){ signals, POLLIN, 0 };
		for (int i = 0; i < COMMANDS_MAX; i++) {
			int alive = commands[i].pid != 0;

			fds[2 + 2 * i] = (struct pollfd){ alive ? commands[i].out : -1, POLLIN, 0 };
			fds[3 + 2 * i] = (struct pollfd){ alive ? commands[i].err : -1, POLLIN, 0 };
		}
		if (poll(fds, 2 + 2 * COMMANDS_MAX, -1) < 0)
			continue;
		for (int i = 0; i < COMMANDS_MAX; i++) {
			if (fds[2 + 2 * i].revents != 0)
				forward(&commands[i], &commands[i].out, OUT, 0);
			if (fds[3 + 2 * i].revents != 0)
				forward(&commands[i], &commands[i].err, ERR, 0);
		}
		if (fds[1].revents != 0)
			reap(signals);
		if ((fds[0].revents & POLLIN) != 0)
			obey();
		else if ((fds[0].revents & (POLLHUP | POLLERR)) != 0)
			power_off("the test has hung up");
	}
}

int main(int argc, char **argv)
{
	sigset_t children;
	int signals, score;

	port = open(argc > 1 ? argv[1] : "", O_RDWR | O_CLOEXEC);
	if (port < 0)
		power_off("it has no port to the test");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	signals = signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
	score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (signals < 0 || score < 0 || write(score, "-1000", 5) != 5 || mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		power_off("it cannot set itself up");
	close(score);
	send_frame(0, READY, NULL, 0);
	serve(signals);
}
