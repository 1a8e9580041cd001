"""The benchmark: Ownkey beside what people use today, on one machine in one run. README.md says how it measures."""
