"""Pictures of hotels: drawn, fetched or uploaded, sized and kept for a while."""
