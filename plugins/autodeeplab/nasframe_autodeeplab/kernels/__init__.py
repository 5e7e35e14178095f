"""The supernet's arithmetic on CPUs in C++, compiled where it is used; without a compiler torch's own serves."""
