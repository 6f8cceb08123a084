#include <stdio.h>
#include <stdlib.h>

void sieve(char *composite, int limit);

int main(int argc, char **argv)
{
	int limit = argc > 1 ? atoi(argv[1]) : 10;
	char *composite = calloc(limit + 1, 1);
	if (!composite)
		return 1;
	sieve(composite, limit);
	for (int i = 2; i < limit; i++)
		if (!composite[i])
			printf("%d ", i);
	printf("\n");
	return 0;
}
