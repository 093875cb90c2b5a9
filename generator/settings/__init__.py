"""Settings and metadata: read, validated, edited with their comments kept."""
