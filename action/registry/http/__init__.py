"""HTTP as registries need it: hosts, pools, pace, limits, retries, refusals."""
