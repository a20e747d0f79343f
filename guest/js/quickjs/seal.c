/* Sealing: what a heap becomes before its memory is frozen and shared by many isolates.

   `cc`, beside this file, appends this to quickjs.c, and lets JS_REF_COUNT lead to `sealed_count` for all that is sealed.

   Invariant: nothing that is sealed is ever freed by a count, so nothing that refers to it has to be counted. */

/* A block whose references are counted has fewer. */
#define SEALED_COUNT (1 << 30)

/* The largest gap that is filled, and what is free behind everything that lives when an isolate starts. */
#define GAP_BYTES_MAX (64 << 10)
#define FREE_BYTES (512 << 10)

/* Keeps an arena from being filled up: what is allocated from now on comes to lie in new arenas. */
static void seal_arena(JSArena *arena)
{
    uint8_t is_free[JS_ARENA_SIZE / sizeof(JSMallocBlockHeader)] = { 0 };
    unsigned int block_size = arena_block_sizes[arena->block_size_idx];
    unsigned int index;

    for (index = arena->first_free_block; index != JS_ARENA_FREE_NIL;
         index = ((JSMallocBlockHeader *)arena_get_block(arena, index, block_size))->u.free_next)
        is_free[index] = 1;
    /* Whatever is no value does not use its count. */
    for (index = 0; index < arena->n_blocks; index++) {
        if (!is_free[index])
            ((JSMallocBlockHeader *)arena_get_block(arena, index, block_size))->ref_count = SEALED_COUNT;
    }
    if (arena->n_used_blocks < arena->n_blocks) {
        list_del(&arena->free_link);
        init_list_head(&arena->free_link);
    }
}

/* Leaves no arena to be found from the heads of their lists. In a list, a new arena would be written down in an old one. */
static void forget_arenas(struct list_head *arenas)
{
    list_del(arenas);
    init_list_head(arenas);
}

/* Uses up the gaps between what lives for good, so that what is allocated from now on comes to lie together, behind it. */
static void fill_gaps(void)
{
    uint8_t *end = malloc(FREE_BYTES), *block;
    size_t size;

    free(end);
    for (size = GAP_BYTES_MAX; size >= JS_ARENA_ALIGN; size /= 2) {
        do
            block = malloc(size);
        while (block && block < end);
        free(block);
    }
}

/* Seals all that lives. To be called when nothing of JavaScript is on a stack. */
void emu_seal(JSRuntime *rt)
{
    struct list_head *link;
    int index;

    for (index = 0; index < JS_ARENA_BLOCK_SIZE_COUNT; index++) {
        list_for_each(link, &rt->arena_state.arena_list[index])
            seal_arena(list_entry(link, JSArena, link));
        forget_arenas(&rt->arena_state.arena_list[index]);
    }
    /* Objects that are too large for an arena. */
    list_for_each(link, &rt->gc_obj_list)
        js_rc(list_entry(link, JSGCObjectHeader, link))->ref_count = SEALED_COUNT;
    fill_gaps();
}
