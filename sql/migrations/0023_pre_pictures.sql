-- Pictures of hotels, as we serve them. A picture's id names what it shows for ever: it is made of whose
-- picture it is and of where it comes from (bookingd.domain.pictures), so that whoever kept one need not ask
-- again, and that loading the same one twice makes one row.
CREATE TABLE pictures (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z2-7]{16}$'),
    hotel_id bigint,                     -- the hotel of our own inventory that it shows; null: a supplier's
    supplier text,                       -- else whose hotel,
    supplier_hotel text,                 -- and that supplier's own key of it
    position integer NOT NULL CHECK (position >= 0),  -- 0 is shown first; ties are settled by id
    caption text NOT NULL CHECK (char_length(caption) <= 300),  -- what is to be seen, for those who do not see it
    kind text NOT NULL CHECK (kind IN ('drawn', 'fetched', 'uploaded')),
    recipe json,                         -- what to draw: bookingd.domain.pictures.Recipe
    url text CHECK (char_length(url) <= 2000),  -- where to fetch it
    state text NOT NULL CHECK (state IN ('wanted', 'ready', 'refused')),
    reason text,                         -- why it was refused, or could not be had the last time: a stable code
    failures integer NOT NULL DEFAULT 0, -- how often in a row it could not be had
    try_after timestamptz,               -- not before then again; null: at once
    width integer CHECK (width > 0),     -- pixels of the original as we keep it; null: not known yet
    height integer CHECK (height > 0),
    hash bytea CHECK (octet_length(hash) = 32),  -- SHA-256 of that original; null: not known yet, or drawn
    version integer NOT NULL DEFAULT 1,  -- of caption and position, for If-Match
    created_at timestamptz NOT NULL,
    CHECK ((hotel_id IS NULL) = (supplier IS NOT NULL)),
    CHECK ((supplier IS NULL) = (supplier_hotel IS NULL)),
    CHECK ((kind = 'drawn') = (recipe IS NOT NULL)),
    CHECK ((kind = 'fetched') = (url IS NOT NULL)),
    CHECK (kind = 'fetched' OR state = 'ready'),  -- what is drawn or was uploaded is there
    CHECK (state <> 'refused' OR reason IS NOT NULL),
    CHECK (state <> 'ready' OR (width IS NOT NULL AND height IS NOT NULL))
) WITH (fillfactor = 90);
CREATE INDEX pictures_hotel ON pictures (hotel_id, position, id) WHERE hotel_id IS NOT NULL;
CREATE INDEX pictures_supplier ON pictures (supplier, supplier_hotel, position, id) WHERE supplier IS NOT NULL;

-- What was uploaded cannot be had again from anywhere, and every process on every host must be able to serve it:
-- so it is kept here, re-encoded and bounded. Read when a cache on disk lacks it.
CREATE TABLE picture_originals (
    picture_id text COLLATE "C" PRIMARY KEY REFERENCES pictures (id) ON DELETE CASCADE,
    media_type text NOT NULL CHECK (media_type IN ('image/webp', 'image/jpeg')),
    bytes bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 5242880)
);
ALTER TABLE picture_originals ALTER COLUMN bytes SET STORAGE EXTERNAL;  -- compressed already
