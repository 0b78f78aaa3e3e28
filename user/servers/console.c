// SPDX-License-Identifier: MIT
/*
 * The console server: the machine's UART as lines out and characters in.
 * extra[0] is the endpoint it serves.  A message is written whole, so lines of
 * several clients do not mix.  A reader that has to wait keeps the reply
 * object of its call; another one is on offer meanwhile.
 */
#include "uart.h"
#include <user/protocol.h>
#include <user/startup.h>
#include <user/stdio.h>

#define INPUT_SIZE 256 /* a power of two */
#define INTERRUPT 1UL

static struct {
	handle_t endpoint;
	handle_t reply, spare; /* on offer; for the next */
	handle_t reader;       /* whose call waits for input, or HANDLE_NULL */
	char input[INPUT_SIZE];
	u32 first, last;       /* counters; equal: empty */
} console;

static void put_line(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n')
			uart_put('\r');
		uart_put(bytes[i]);
	}
}

static long write_request(const struct message *message)
{
	u64 length = message->word[0];
	u64 in_registers = (MSG_REG_WORDS - 1) * sizeof(u64);

	/* The length must lie in what was sent: the rest of the page belongs to earlier messages. */
	if (message->words < 1 || length > (message->words - 1) * sizeof(u64))
		return ST_INVALID;
	put_line((const char *)&message->word[1], MIN(length, in_registers));
	if (length > in_registers)
		put_line((const char *)(message_page() + MSG_REG_WORDS), length - in_registers);
	return ST_OK;
}

static bool take_input(char *c)
{
	if (console.first == console.last)
		return false;
	*c = console.input[console.first++ % INPUT_SIZE];
	return true;
}

static void answer_reader(void)
{
	struct message message = { .words = 1 };
	char c;

	if (!console.reader || console.first == console.last)
		return;
	c = console.input[console.first % INPUT_SIZE];
	message.word[0] = (u8)c;
	/* A reader that has died takes no character with it. */
	if (ipc_reply(console.reader, &message) == ST_OK)
		console.first++;
	console.spare = console.reader;
	console.reader = HANDLE_NULL;
}

static void interrupt(void)
{
	char c;

	uart_begin();
	/* When the buffer is full the newest characters are lost, as on every line. */
	while (uart_get(&c))
		if (console.last - console.first < INPUT_SIZE)
			console.input[console.last++ % INPUT_SIZE] = c;
	uart_done();
	answer_reader();
}

/* Return: false if the answer comes later. */
static bool read_request(struct message *message, bool waits)
{
	char c;

	*message = (struct message){ 0 };
	if (take_input(&c)) {
		message->words = 1;
		message->word[0] = (u8)c;
	} else if (!waits) {
		message->label = (u32)ST_WOULDBLOCK;
	} else if (console.reader) {
		message->label = (u32)ST_BUSY;
	} else {
		console.reader = console.reply;
		console.reply = console.spare;
		console.spare = HANDLE_NULL;
		return false;
	}
	return true;
}

static bool handle_request(struct message *message)
{
	long status = ST_NOSYS;

	if (message->label == CONSOLE_READ)
		return read_request(message, message->word[0]);
	if (message->label == CONSOLE_WRITE)
		status = write_request(message);
	*message = (struct message){ .label = (u32)status };
	return true;
}

static __noreturn void serve(void)
{
	struct message message = { 0 };
	bool has_answer = false;

	for (;;) {
		long status = has_answer
				      ? ipc_reply_receive(console.endpoint, console.reply, &message)
				      : ipc_receive(console.endpoint, console.reply, &message);

		has_answer = false;
		if (status == ST_DEAD || status == ST_BADHANDLE)
			exit(1);
		if (status != ST_OK)
			continue;
		if (message.call == MSG_FROM_NOTIFICATION)
			interrupt();
		else if (message.call == SYS_ipc_call)
			has_answer = handle_request(&message);
		else if (message.label == CONSOLE_WRITE)
			(void)write_request(&message);
	}
}

static handle_t create(u64 type)
{
	u64 handle = HANDLE_NULL;

	must(cap_create(type, 0, &handle), "cap_create");
	return (handle_t)handle;
}

int main(void)
{
	handle_t notification = create(TYPE_NOTIFICATION);
	const char *error = uart_open(notification, INTERRUPT);

	if (error)
		fail("%s", error);
	console.endpoint = startup->extra[0];
	console.reply = create(TYPE_REPLY);
	console.spare = create(TYPE_REPLY);
	must(notify_bind(startup->thread, notification), "notify_bind");
	interrupt(); /* what was typed before there was anybody to tell */
	serve();
}
