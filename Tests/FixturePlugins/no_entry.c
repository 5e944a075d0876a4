/* A shared library like any other: it has no entry for the host. */
int no_entry(void);

int no_entry(void) {
    return 0;
}
