/* Where the nodes of a graph live: blocks that are filled from the top down, in recording order, and
 * used again as a whole when the last node in them has died.
 *
 * Why not the interpreter's allocator: time goes to memory here, not to arithmetic. A free list hands
 * memory out in the order in which it came back, so that in a process that has run for a while,
 * successive nodes lie all over the heap. In blocks, each graph is laid out as the first one was, and
 * the order of addresses is the order of recording, backward: from one node the next older one is
 * found behind its end. So a backward sweep reads memory in one direction, without a list of nodes and
 * without sorting.
 *
 * A block is aligned to its size, so a node finds its block by its own address.
 *
 * Blocks come in arenas, and these from the system. An arena none of whose blocks is in use goes back to
 * the system, but for a few that are kept: fresh memory costs as much time as what is done with it.
 *
 * This file knows nothing of Values, only of their addresses and sizes.
 */

#define BLOCK_SIZE ((size_t)1 << 15)
#define AHEAD 4096 /* how many bytes ahead memory is fetched; measured */
#define ARENA_BLOCKS 64
#define ARENA_SIZE (ARENA_BLOCKS * BLOCK_SIZE)
#define KEPT_ARENAS 64 /* 128 MiB: what a graph of 1,600,000 operations takes */

typedef struct Arena {
    struct Arena *next; /* in the list of arenas that have an idle block */
    struct Arena *previous;
    char *blocks;  /* the first of them */
    uint64_t idle; /* bit i: block i is not in use */
} Arena;

typedef struct Block {
    Arena *arena;          /* NULL for a block of one large node, which is by itself */
    void *memory;          /* of a large block: what was allocated */
    uint64_t base;         /* the clock when the block was opened */
    size_t alive;          /* nodes in it */
    size_t n_slots;        /* of a large node: the Operands behind it */
    struct Label *labels;  /* names of nodes in it */
    /* In the sweep under way: */
    char *first_marked;    /* the newest marked node; NO_MARK if there is none */
    char *last_marked;     /* the oldest marked node, or NULL */
    struct Block *child;   /* in the heap of blocks to come, then NULL; see heap_meld */
    struct Block *sibling; /* in the heap, then the next older block that the sweep came to */
} Block;

#define NO_MARK ((char *)UINTPTR_MAX)

typedef struct {
    Block *filled;   /* the one that is being filled, or NULL */
    char *start;     /* of its room */
    char *end;       /* of what is left of its room: its next node ends here */
    uint64_t clock;  /* recordings so far */
    Arena *arenas;   /* those that have an idle block */
    size_t n_unused; /* arenas all of whose blocks are idle */
} Space;

#define HEADER ((sizeof(Block) + 15) / 16 * 16) /* then come the nodes */

_Static_assert(ARENA_BLOCKS == 64, "`idle` has a bit for each");

/* So that the sanitizer knows which nodes are dead. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
#define POISON(at, size) ((void)0)
#define UNPOISON(at, size) ((void)0)
#endif

#ifdef _MSC_VER
#define INLINE static __forceinline
#define PREFETCH(at) ((void)(at))
#define RARELY(condition) (condition)
#define NOINLINE static __declspec(noinline)
#else
#define INLINE static inline __attribute__((always_inline))
#define RARELY(condition) __builtin_expect(!!(condition), 0)
#define NOINLINE static __attribute__((noinline))
#define PREFETCH(at) __builtin_prefetch(at)
#endif

static inline Block *
block_of(const void *node)
{
    return (Block *)((uintptr_t)node & ~(uintptr_t)(BLOCK_SIZE - 1));
}

/* ---- arenas ---------------------------------------------------------------------------------- */

static void
arena_link(Space *space, Arena *arena)
{
    arena->previous = NULL;
    arena->next = space->arenas;
    if (space->arenas) {
        space->arenas->previous = arena;
    }
    space->arenas = arena;
}

static void
arena_unlink(Space *space, Arena *arena)
{
    *(arena->previous ? &arena->previous->next : &space->arenas) = arena->next;
    if (arena->next) {
        arena->next->previous = arena->previous;
    }
}

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

static char *
system_alloc(void)
{
    return VirtualAlloc(NULL, ARENA_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE); /* aligned to BLOCK_SIZE */
}

static void
system_free(char *memory)
{
    VirtualFree(memory, 0, MEM_RELEASE);
}
#else
#include <sys/mman.h>

/* Memory aligned to ARENA_SIZE, so that it can consist of huge pages: otherwise there is a page fault for every 50
 * nodes, which costs more than they do. */
static char *
system_alloc(void)
{
    char *mapped = mmap(NULL, 2 * ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return NULL;
    }
    const size_t before = (size_t)(-(uintptr_t)mapped % ARENA_SIZE), after = ARENA_SIZE - before;
    char *memory = mapped + before;
    if (before) {
        munmap(mapped, before);
    }
    munmap(memory + ARENA_SIZE, after);
#ifdef MADV_HUGEPAGE
    (void)madvise(memory, ARENA_SIZE, MADV_HUGEPAGE);
#endif
    return memory;
}

static void
system_free(char *memory)
{
    munmap(memory, ARENA_SIZE);
}
#endif

static Arena *
arena_new(Space *space)
{
    Arena *arena = PyMem_Malloc(sizeof(Arena));
    char *blocks = arena ? system_alloc() : NULL;
    if (!blocks) {
        PyMem_Free(arena);
        return NULL;
    }
    *arena = (Arena){.blocks = blocks, .idle = UINT64_MAX};
    arena_link(space, arena);
    space->n_unused++;
    return arena;
}

static void
arena_free(Space *space, Arena *arena)
{
    arena_unlink(space, arena);
    space->n_unused--;
    UNPOISON(arena->blocks, ARENA_SIZE);
    system_free(arena->blocks);
    PyMem_Free(arena);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static Block *
block_from_arena(Space *space)
{
    Arena *arena = space->arenas ? space->arenas : arena_new(space);
    if (!arena) {
        return NULL;
    }
    int index = 0;
    while (!(arena->idle >> index & 1)) {
        index++;
    }
    space->n_unused -= arena->idle == UINT64_MAX;
    arena->idle &= ~((uint64_t)1 << index);
    if (!arena->idle) {
        arena_unlink(space, arena);
    }
    Block *block = (Block *)(arena->blocks + (size_t)index * BLOCK_SIZE);
    UNPOISON(block, sizeof(Block));
    *block = (Block){.arena = arena, .first_marked = NO_MARK};
    return block;
}

static Block *
block_by_itself(size_t size)
{
    void *memory = size < PY_SSIZE_T_MAX - 2 * BLOCK_SIZE ? PyMem_Malloc(HEADER + size + BLOCK_SIZE) : NULL;
    if (!memory) {
        return NULL;
    }
    Block *block = block_of((char *)memory + BLOCK_SIZE - 1);
    *block = (Block){.memory = memory, .first_marked = NO_MARK};
    return block;
}

/* Give back a block in which no node is alive. */
static void
block_retire(Space *space, Block *block)
{
    if (block == space->filled) {
        space->filled = NULL;
        space->start = space->end = NULL;
    }
    Arena *arena = block->arena;
    if (!arena) {
        PyMem_Free(block->memory);
        return;
    }
    if (!arena->idle) {
        arena_link(space, arena);
    }
    arena->idle |= (uint64_t)1 << ((size_t)((char *)block - arena->blocks) / BLOCK_SIZE);
    if (arena->idle == UINT64_MAX && ++space->n_unused > KEPT_ARENAS) {
        arena_free(space, arena);
    }
}

/* Begin a block with room for a node of so many bytes. Return 0, or -1 if there is no memory. */
NOINLINE int
block_open(Space *space, size_t size)
{
    if (space->filled && !space->filled->alive) {
        block_retire(space, space->filled);
    }
    bool large = size > BLOCK_SIZE - HEADER;
    Block *block = large ? block_by_itself(size) : block_from_arena(space);
    if (!block) {
        return -1;
    }
    block->base = space->clock;
    space->filled = block;
    space->start = (char *)block + HEADER;
    space->end = large ? space->start + size : (char *)block + BLOCK_SIZE;
    POISON(space->start, (size_t)(space->end - space->start));
    return 0;
}

/* The last node in a block has died. */
static void
block_emptied(Space *space, Block *block)
{
    if (block != space->filled || !block->arena) {
        block_retire(space, block);
        return;
    }
    block->base = space->clock; /* it is filled again, from the top */
    space->start = (char *)block + HEADER;
    space->end = (char *)block + BLOCK_SIZE;
    POISON(space->start, (size_t)(space->end - space->start));
}

/* Give all memory back, when no node is alive. */
static void
space_free(Space *space)
{
    if (space->filled && !space->filled->alive) {
        block_retire(space, space->filled);
    }
    for (Arena *arena = space->arenas, *next; arena; arena = next) {
        next = arena->next;
        if (arena->idle == UINT64_MAX) {
            arena_free(space, arena);
        }
    }
}

/* Count the recording of a Value that lives elsewhere, and return its number in recording order. A node has 32 bits
 * for the recordings since its block was begun. So a block is ended early every 2^20 such Values: nodes in it can be
 * the ones that are recorded at that moment at most once each, 1,000 times in all. */
INLINE uint64_t
clock_tick(Space *space)
{
    if (RARELY(space->clock % ((uint64_t)1 << 20) == 0)) {
        space->end = space->start;
    }
    return ++space->clock;
}

/* Whether the block that is being filled has room for a node. */
static inline bool
block_has_room(const Space *space, size_t size)
{
    return size <= (size_t)(space->end - space->start);
}

/* Take room for a node, where there is. */
INLINE void *
block_take(Space *space, size_t size)
{
    space->end -= size;
    PREFETCH(space->end - AHEAD / 2);
    UNPOISON(space->end, size);
    return space->end;
}

/* ---- the blocks that a sweep still has to come to: a pairing heap, the newest on top ---------- */

static inline Block *
heap_meld(Block *left, Block *right)
{
    if (!left || !right) {
        return left ? left : right;
    }
    if (left->base < right->base) {
        Block *newer = right;
        right = left;
        left = newer;
    }
    right->sibling = left->child;
    left->child = right;
    return left;
}

/* Return the heap without its top: its children, melded in pairs. */
NOINLINE Block *
heap_below(Block *top)
{
    Block *pairs = NULL, *heap = NULL;
    for (Block *child = top->child, *next; child; child = next) {
        Block *second = child->sibling;
        next = second ? second->sibling : NULL;
        child = heap_meld(child, second);
        child->sibling = pairs;
        pairs = child;
    }
    for (Block *next; pairs; pairs = next) {
        next = pairs->sibling;
        heap = heap_meld(heap, pairs);
    }
    top->child = NULL;
    return heap;
}
