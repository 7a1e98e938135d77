SELECT
    tailnum,
    seen_at,
    origin AS left_from,
    dest AS went_to,
    manufacturer,
    model,
    seats,
    built
FROM raw.plane_states
