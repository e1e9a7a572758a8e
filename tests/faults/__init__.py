"""The fault suite: whole batches against broken servers, disks, clocks and processes (docs/faults.md)."""
