//! Brings a night's work into the lake once, whole and only once. The lake is a dataset in Hive's layout that any reader may open at any time; what is there
//! already is skipped, what changed is replaced.
//!
//! ```text
//! LAKE/ut_day=2026-11-24/part-0f3a.parquet     what readers read: LAKE/ut_*/*.parquet
//! LAKE/_runs/2026-11-25T02-00-00Z.json         one report a run; rejected records beside it
//! LAKE/.undertone/manifest.json                which datasets, parts, files and settings make up the lake
//! LAKE/.undertone/rows/part-0f3a.rows          keys and content hashes of a part's rows
//! LAKE/.undertone/staged, progress.json        work that is not published yet
//! LAKE/.undertone/commit.json                  a publication under way
//! LAKE/.undertone/lock                         held by the run that writes
//! ```
//!
//! **The walk.** Each new file is read in pieces of [`PIECE_ROWS`] rows. The rows of a piece that are not known under the present settings are tagged,
//! sorted into folders, and written as part files where no reader looks (`stage`). When all files are done the parts are published (`commit`): the
//! plan is written down, then files are renamed, replaced ones first, then removed, then added. A killed run is thus found either before its plan
//! (the lake is as it was, and the next run goes on behind the last whole piece) or after it (the next run carries the plan to its end).
//! Readers that look during a publication, or after one that was killed, may miss rows that are being replaced; they never meet a row twice.
//!
//! **Same bytes.** A piece depends on its file, the settings and which rows were known, nothing else: not on the clock, on threads, on `--batch-rows`,
//! or on whether the run was killed on the way. That is why duplicates are linked within a piece only, and why pieces begin at fixed rows.
//!
//! **Which row is it?** The key of a row is its dataset, its id (`identity`), and, where a file has several rows of one id, their order in the file. The
//! dataset is the file's name without dates and numbers (`inbox`), or the one that is given. A row with a known key and another content replaces the old
//! one; a night whose replacements look like other people's comments publishes nothing (`guard`).
//!
//! **Lakes of manifest 1** are migrated by the first run (`v1`, `migrate`); where rows were known by somebody else's ids, `rekey` repairs them. `retag`
//! analyses the lake's own rows anew.
//!
//! **Memory** is 32 bytes for each row of the lake (`known`), and one piece.

mod commit;
mod disk;
mod guard;
mod identity;
mod inbox;
mod known;
mod manifest;
mod migrate;
mod part;
mod partition;
mod rekey;
mod report;
mod retag;
mod stage;
mod sync;
mod v1;

use std::fs::{File, TryLockError};
use std::path::Path;

pub use self::identity::{IdRule, ToldBy};
use self::manifest::{Manifest, OWN};
pub use self::partition::{DEFAULT_PARTITION, PartitionBy};
pub use self::report::{Failure, Outcome, Report};
use crate::error::{Error, Result};
use crate::model::Engine;
use crate::progress::Progress;
use crate::run::Job;

/// Rows of a file that are tagged and stored together.
pub const PIECE_ROWS: u64 = 65_536;
/// A batch ends early when its cells take this many bytes.
const PIECE_BYTES: usize = 64 << 20;
/// Rows read at a time: a divisor of [`PIECE_ROWS`], independent of user options, so that batches begin at the same rows in every run.
const BATCH_ROWS: usize = 4096;

/// Options of a lake, in addition to [`Job`].
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Layout of the folders; none: that of the existing lake.
    pub partition_by: Option<PartitionBy>,
    /// The dataset of all files; none: told by their names.
    pub dataset: Option<String>,
    /// Wait for another run on the same lake instead of giving up.
    pub wait: bool,
    /// Only report what would change.
    pub dry_run: bool,
    /// Fail when the lake was tagged with another model or other themes.
    pub fail_on_model_change: bool,
    /// Publish even where many known rows give way to texts that share nothing with them.
    pub replace: bool,
    /// What is done to the rows of the lake besides.
    pub repair: Option<Repair>,
}

/// What can be done to the lake's own rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Recognise the rows of unsound datasets, or of all where an id column is given, by another rule from now on.
    Rekey,
    /// Analyse rows anew that have answers of another model, other themes or other options.
    Retag,
}

/// Whether there is a lake at `path`.
pub fn is_lake(path: &Path) -> bool {
    Manifest::path(path).exists() || path.join(OWN).is_dir()
}

/// Brings the job's inputs into the lake at `job.output`, and writes a report there, whatever the outcome.
///
/// # Errors
/// Whatever keeps the work from being published; the lake is then as it was, unless the error is [`Error::LakeHalfway`].
pub fn sync(job: &Job, options: &Options, engine: &dyn Engine, progress: &Progress) -> Result<Report> {
    let root = job.output.as_path();
    if job.inputs.is_empty() && options.repair.is_none() {
        return Err(Error::LakeNoInbox { path: root.to_owned() });
    }
    if options.repair.is_some() && !is_lake(root) {
        return Err(Error::NoLake { path: root.to_owned() });
    }
    let mut report = Report::new(engine);
    if options.dry_run && !is_lake(root) {
        return sync::run(job, options, engine, progress, &mut report).map(|()| report);
    }
    if options.partition_by.is_none() && !is_lake(root) {
        return Err(Error::LakeIsNew { path: root.to_owned() });
    }
    disk::make_folder(&root.join(OWN))?;
    let _lock = lock(root, options.wait, progress)?;
    let outcome = sync::run(job, options, engine, progress, &mut report);
    if options.dry_run {
        return outcome.map(|()| report);
    }
    match outcome {
        Ok(()) => report.write(root).map(|()| report),
        Err(error) => {
            report.fail(job.privacy.told(&error.to_string()).into_owned());
            // The original error matters more than a report that cannot be written, for example to a full disk.
            let _ = report.write(root);
            Err(error)
        }
    }
}

/// Locks the lake until the returned file is dropped; the system releases the lock when the process ends.
fn lock(root: &Path, wait: bool, progress: &Progress) -> Result<File> {
    let path = root.join(OWN).join("lock");
    let failed = |source| Error::io("lock", &path, source);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) if wait => {
            progress.note("another run is writing this lake: waiting for it");
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::WouldBlock) => return Err(Error::LakeBusy { path: root.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    Ok(file)
}
