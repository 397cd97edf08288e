/* Runs a fuzz target once for each file it is given, or that is in a directory it is given, where it is not
 * linked with libFuzzer: so that targets and their corpus are tried by every compiler and in every run of
 * the tests. */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buffer[1024 * 1024];

static unsigned n_run;

static void run_file(const char *path) {
        FILE *f = fopen(path, "re");
        uint8_t *data;
        size_t size;

        if (!f) {
                perror(path);
                exit(EXIT_FAILURE);
        }
        size = fread(buffer, 1, sizeof(buffer), f);
        (void) fclose(f);
        /* Of exactly its size, so that ASan and valgrind see a read past the end. */
        data = malloc(size);
        if (!data && size > 0)
                exit(EXIT_FAILURE);
        for (size_t k = 0; k < size; k++)
                data[k] = buffer[k];
        (void) LLVMFuzzerTestOneInput(data, size);
        free(data);
        n_run++;
}

static void run_directory(const char *path, DIR *d) {
        const struct dirent *entry;
        char file[4096];
        struct stat st;

        while ((entry = readdir(d))) {
                (void) snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
                if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
                        run_file(file);
        }
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++) {
                DIR *d = opendir(argv[i]);

                if (!d) {
                        run_file(argv[i]);
                        continue;
                }
                run_directory(argv[i], d);
                (void) closedir(d);
        }
        if (n_run == 0) {
                fprintf(stderr, "no file was given\n");
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
