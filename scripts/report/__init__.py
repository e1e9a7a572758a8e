"""What people read: the end of a run, the status of a grid."""
