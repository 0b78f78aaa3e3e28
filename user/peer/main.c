// SPDX-License-Identifier: MIT
/*
 * The other end: one program, many roles; see <user/peer.h>.
 */
#include <user/peer.h>
#include <user/system.h>

#if defined(__x86_64__)
#define ILLEGAL_INSTRUCTION "ud2"
#else
#define ILLEGAL_INSTRUCTION ".word 0" /* defined to be illegal on AArch64 and RISC-V */
#endif

static u64 data_word = 0x1234;

/* ---- server ---- */

static void answer_make(struct message *message)
{
	u64 value = message->words[0];
	handle_t memory;
	void *place;
	long status = map_new(HANDLE_SELF, 1, &memory, &place);

	message_init(message, (u32)-status, 1, status == ST_OK);
	if (status != ST_OK)
		return;
	*(u64 *)place = value;
	mem_unmap(HANDLE_SELF, (u64)place, PAGE_SIZE, NULL);
	message_set_cap(message, 0, memory, true);
}

static void answer_take(struct message *message)
{
	handle_t memory = message_cap(message, 0);
	u64 place, value = 0;
	long status = mem_map(HANDLE_SELF, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &place);

	if (status == ST_OK) {
		value = *(volatile u64 *)place;
		*(volatile u64 *)place = 2 * value;
		mem_unmap(HANDLE_SELF, place, PAGE_SIZE, NULL);
	}
	cap_delete(memory);
	message_init(message, (u32)-status, 1, 0);
	message->words[0] = value;
}

static void answer(struct message *message)
{
	u64 badge = message->badge;

	switch (message_label(message)) {
	case PEER_ADD:
		message->words[0] += message->words[1];
		break;
	case PEER_MAKE:
		answer_make(message);
		return;
	case PEER_TAKE:
		answer_take(message);
		return;
	default:
		break;
	}
	message->tag = badge << MSG_LABEL_SHIFT | MSG_REG_WORDS << MSG_WORDS_SHIFT;
}

static int serve(void)
{
	struct message message;
	u64 reply;
	long status = cap_create(TYPE_REPLY, 0, &reply);

	message_init(&message, 0, 0, 0);
	message_accept(&message, 1);
	if (status == ST_OK)
		status = ipc_receive(PEER_OBJECT, (handle_t)reply, &message);
	while (status == ST_OK && message_label(&message) != PEER_QUIT) {
		answer(&message);
		message_accept(&message, 1);
		status = ipc_reply_receive(PEER_OBJECT, (handle_t)reply, &message);
	}
	if (status == ST_OK) {
		message_init(&message, 0, 0, 0);
		status = ipc_reply((handle_t)reply, &message);
	}
	return status == ST_OK ? 0 : 1;
}

/* ---- others ---- */

static int hang_in_call(void)
{
	struct message message;

	message_init(&message, 0, 0, 0);
	ipc_call(PEER_OBJECT, &message);
	return 1;
}

/* Never enters the kernel by itself: only an interrupt can stop it. */
static __noreturn void spin(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static int forge(void)
{
	static const u32 guesses[] = {
		0, 1, 31, 32, 0x7fffffff, 0xffffffff, HANDLE_FIRST(50), HANDLE_FIRST(60)};
	u32 refused = 0;

	for (u32 i = 0; i < ARRAY_SIZE(guesses); i++)
		refused += cap_inspect(guesses[i], NULL, NULL) == ST_BADHANDLE;
	/* A right one with another generation, or another type than wanted. */
	refused += cap_inspect(HANDLE_SELF ^ 2, NULL, NULL) == ST_BADHANDLE;
	refused += notify_signal(HANDLE_SELF, 1) == ST_BADTYPE;
	refused += system_power_off(PEER_SYSTEM, 0) == ST_NORIGHTS;
	return refused == ARRAY_SIZE(guesses) + 3 ? PEER_EXIT_CODE : 1;
}

static int misbehave(u64 role)
{
	/* Not constants: the compiler would refuse to build the misdeed. */
	volatile u64 near_null = 8, text = (u64)spin;

	switch (role) {
	case PEER_READ_KERNEL:
		return (int)*(volatile u64 *)0xffffffff80000000UL;
	case PEER_READ_NULL:
		return (int)*(volatile u64 *)near_null;
	case PEER_READ_UNMAPPED:
		return (int)*(volatile u64 *)0x123456000UL;
	case PEER_WRITE_TEXT:
		*(volatile u8 *)text = 0;
		return 1;
	case PEER_EXECUTE_DATA:
		((void (*)(void))(u64)&data_word)();
		return 1;
	case PEER_JUMP_KERNEL:
		((void (*)(void))0xffffffff80000000UL)();
		return 1;
	default:
		__asm__ volatile(ILLEGAL_INSTRUCTION);
		return 1;
	}
}

int main(u64 role)
{
	print_to(PEER_SYSTEM);
	switch (role) {
	case PEER_SERVER:
		return serve();
	case PEER_EXIT:
		return PEER_EXIT_CODE;
	case PEER_HANG_CALL:
		return hang_in_call();
	case PEER_SPIN:
		spin();
	case PEER_FORGE:
		return forge();
	default:
		return misbehave(role);
	}
}
