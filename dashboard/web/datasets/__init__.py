"""Pages of datasets: uploading, choosing columns, looking at one."""
