/* Runs a fuzz target once for each file it is given, where it is not linked with libFuzzer: so that
 * targets and their corpus are tried by every compiler and in every run of the tests. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buffer[1024 * 1024];

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++) {
                FILE *f = fopen(argv[i], "re");
                uint8_t *data;
                size_t size;

                if (!f) {
                        perror(argv[i]);
                        return EXIT_FAILURE;
                }
                size = fread(buffer, 1, sizeof(buffer), f);
                (void) fclose(f);
                /* Of exactly its size, so that ASan and valgrind see a read past the end. */
                data = malloc(size);
                if (!data && size > 0)
                        return EXIT_FAILURE;
                for (size_t k = 0; k < size; k++)
                        data[k] = buffer[k];
                (void) LLVMFuzzerTestOneInput(data, size);
                free(data);
        }
        if (argc < 2) {
                fprintf(stderr, "no file was given\n");
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
