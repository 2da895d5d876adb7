//! What else lies in a published log's folder: nothing hides behind a name.

use super::read::{Bundle, hash_tile};
use super::{
    PUBLISH_LOCK, PUBLISH_PART, TILES_CHECKPOINT, TileFiles, TileKind, TileName, TilesError,
};
use ai_audit_merkle::TreeSize;

/// What the names tell.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// There are entry bundles.
    pub(crate) entries: bool,
    /// There are seal bundles.
    pub(crate) seals: bool,
    /// How many files no checkpoint covers yet, and one of them.
    pub(crate) beyond: u64,
    pub(crate) one_beyond: Option<String>,
    /// How many files are not part of a published log.
    pub(crate) others: u64,
    /// What is wrong, first things first.
    pub(crate) problems: Vec<TilesError>,
}

/// As many problems as are kept; who has found that many needs no more.
const MAX_PROBLEMS: usize = 10;

impl Survey {
    /// Looks at all names. Tiles that the size calls for are judged by those who read them.
    pub(crate) fn of<F: TileFiles>(files: &F, size: TreeSize) -> Result<Self, F::Error> {
        let mut survey = Self::default();
        files.names(&mut |name| survey.see(files, size, name))?;
        Ok(survey)
    }

    fn see<F: TileFiles>(&mut self, files: &F, size: TreeSize, name: &str) {
        if !name.starts_with("tile/") {
            let known = [TILES_CHECKPOINT, PUBLISH_LOCK, PUBLISH_PART];
            self.others += u64::from(!known.contains(&name));
            return;
        }
        self.entries |= name.starts_with("tile/entries/");
        self.seals |= name.starts_with("tile/seals/");
        let Some(tile) = TileName::parse(name) else {
            self.problem(TilesError::Read {
                name: name.into(),
                reason: "no published log has a file of this name".into(),
            });
            return;
        };
        let Some(called_for) = TileName::of_size(tile.kind(), tile.index(), size) else {
            return self.note_beyond(name);
        };
        if tile == called_for {
            return;
        }
        // A run that was stopped may have left it in part, and nobody relies on it.
        if tile.width() > called_for.width() {
            return self.note_beyond(name);
        }
        if let Err(error) = fits(files, tile, called_for) {
            self.problem(error);
        }
    }

    fn note_beyond(&mut self, name: &str) {
        self.beyond += 1;
        self.one_beyond.get_or_insert_with(|| name.into());
    }

    fn problem(&mut self, error: TilesError) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(error);
        }
    }
}

/// Whether an earlier form of a tile is the beginning of the one that is called for.
fn fits<F: TileFiles>(files: &F, tile: TileName, called_for: TileName) -> Result<(), TilesError> {
    let width = usize::from(tile.width());
    let differs = |at: usize| TilesError::Contents {
        name: tile.to_string(),
        offset: at as u64,
        expected: format!("what {called_for} has there"),
    };
    if let TileKind::Hashes(_) = tile.kind() {
        let own = hash_tile(files, tile)?;
        // That one is judged where it is read.
        let Ok(other) = hash_tile(files, called_for) else {
            return Ok(());
        };
        let place = (0..width).find(|place| own.get(*place) != other.get(*place));
        return place.map_or(Ok(()), |place| Err(differs(32 * place)));
    }
    let own = Bundle::read(files, tile)?;
    let Ok(other) = Bundle::read(files, called_for) else {
        return Ok(());
    };
    let place = (0..width).find(|place| own.item(*place).0 != other.item(*place).0);
    place.map_or(Ok(()), |place| Err(differs(own.item(place).1)))
}
