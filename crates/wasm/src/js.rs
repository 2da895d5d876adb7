//! The bindings: what the page's worker calls. One worker looks at one package and ends with it.

use crate::{Evidence, Filter, Pieces, ReadPiece, Trust, examine};
use ai_audit_core::Timestamp;
use ai_audit_export::PackageContents;
use js_sys::{Function, Uint8Array};
use std::cell::Cell;
use std::io;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use web_sys::{File, FileReaderSync};

/// Receipts between two words on how many were gone through: each word costs a call to the outside.
const WORD_EVERY: u64 = 64;

/// A file that a person chose, read in the worker.
#[derive(Debug)]
struct Chosen {
    file: File,
    reader: FileReaderSync,
    size: u64,
    /// Bytes read so far.
    read: Cell<f64>,
    /// Is told that number.
    progress: Function,
}

impl ReadPiece for Chosen {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_piece(&self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let failed = |error: JsValue| io::Error::other(said(&error));
        let blob = self
            .file
            .slice_with_f64_and_f64(double(start), double(end))
            .map_err(failed)?;
        let buffer = self.reader.read_as_array_buffer(&blob).map_err(failed)?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        self.read.set(self.read.get() + double(end - start));
        let _ = self.progress.call1(&JsValue::NULL, &self.read.get().into());
        Ok(bytes)
    }
}

/// A number as JavaScript has it. Sizes of files and of lists are below 2^53.
const fn double(number: u64) -> f64 {
    number as f64
}

/// An error of the browser in its own words.
fn said(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => "the browser cannot read the file".into(),
    }
}

/// What the auditor brings.
#[wasm_bindgen(js_name = Trust)]
#[derive(Debug)]
pub struct JsTrust(Trust);

#[wasm_bindgen(js_class = Trust)]
impl JsTrust {
    /// [`Trust::new`]; `now` is in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// As there, as a text.
    #[wasm_bindgen(constructor)]
    pub fn new(now: f64, file: Option<Vec<u8>>) -> Result<JsTrust, String> {
        // Not a number, or before 1970, is 0.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` takes the nearest number that there is"
        )]
        let micros = (now * 1000.0) as u64;
        Trust::new(Timestamp::from_micros(micros), file.as_deref()).map(JsTrust)
    }

    /// [`Trust::keys`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn keys(&mut self, text: &str) -> Result<(), String> {
        self.0.keys(text)
    }

    /// [`Trust::checkpoint`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn checkpoint(&mut self, note: &[u8]) -> Result<(), String> {
        self.0.checkpoint(note)
    }

    /// [`Trust::size`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn size(&mut self, text: &str) -> Result<(), String> {
        self.0.size(text)
    }
}

type Package = PackageContents<&'static Pieces<Chosen>>;

/// A package that was verified, and its receipts.
#[wasm_bindgen(js_name = Evidence)]
#[derive(Debug)]
pub struct JsEvidence {
    shown: String,
    report: String,
    receipts: Result<Evidence<'static, &'static Pieces<Chosen>>, String>,
}

#[wasm_bindgen(js_class = Evidence)]
impl JsEvidence {
    /// Verifies a package. `bytes` is told how many bytes were read, again for each pass over them;
    /// `receipts` how many receipts were gone through, and how many there are as the package claims.
    #[wasm_bindgen(constructor)]
    pub fn new(
        file: File,
        trust: JsTrust,
        bytes: Function,
        receipts: &Function,
    ) -> Result<Self, String> {
        let reader = FileReaderSync::new().map_err(|error| said(&error))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a file's size is a whole number below 2^53"
        )]
        let size = file.size() as u64;
        let chosen = Chosen {
            file,
            reader,
            size,
            read: Cell::new(0.0),
            progress: bytes,
        };
        // Both live as long as the worker, which looks at nothing else.
        let pieces: &'static Pieces<Chosen> = Box::leak(Box::new(Pieces::new(chosen)));
        let policy = trust.0.into_policy();
        let examined = examine(&pieces, &policy, |done, total| {
            if done.is_multiple_of(WORD_EVERY) || done == total {
                let (done, total) = (double(done).into(), double(total).into());
                let _ = receipts.call2(&JsValue::NULL, &done, &total);
            }
        });
        let (shown, report) = (examined.shown(), examined.report_json());
        let receipts = Package::open(pieces)
            .map_err(|error| error.to_string())
            .and_then(|package| Evidence::new(Box::leak(Box::new(package)), examined));
        Ok(Self {
            shown,
            report,
            receipts,
        })
    }

    /// What the window shows of the verdict.
    #[must_use]
    pub fn shown(&self) -> String {
        self.shown.clone()
    }

    /// The report as the command line has it.
    #[must_use]
    pub fn report(&self) -> String {
        self.report.clone()
    }

    /// [`Evidence::index`].
    ///
    /// # Errors
    ///
    /// Why there are no receipts.
    pub fn index(&mut self, count: usize) -> Result<String, String> {
        Ok(self.receipts()?.index(count).to_json())
    }

    /// [`Evidence::filter`]; the filter is JSON.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn filter(&mut self, filter: &str) -> Result<(), String> {
        let filter: Filter = serde_json::from_str(filter).map_err(|error| error.to_string())?;
        self.receipts()?.filter(filter)
    }

    /// [`Evidence::filter_on`].
    ///
    /// # Errors
    ///
    /// Why there are no receipts.
    pub fn filter_on(&mut self, count: usize) -> Result<String, String> {
        Ok(self.receipts()?.filter_on(count).to_json())
    }

    /// [`Evidence::rows`].
    ///
    /// # Errors
    ///
    /// Why there are no receipts.
    pub fn rows(&mut self, from: usize, count: usize) -> Result<String, String> {
        Ok(self.receipts()?.rows(from, count))
    }

    /// [`Evidence::kinds`].
    ///
    /// # Errors
    ///
    /// Why there are no receipts.
    pub fn kinds(&mut self) -> Result<String, String> {
        Ok(self.receipts()?.kinds())
    }

    /// [`Evidence::keys`].
    ///
    /// # Errors
    ///
    /// Why there are no receipts.
    pub fn keys(&mut self) -> Result<String, String> {
        Ok(self.receipts()?.keys())
    }

    /// [`Evidence::row_of`]; the number in digits.
    ///
    /// # Errors
    ///
    /// Why there are no receipts.
    pub fn row_of(&mut self, seq: &str) -> Result<Option<usize>, String> {
        let seq = seq
            .parse()
            .map_err(|_| "expected the number of a receipt".to_owned())?;
        Ok(self.receipts()?.row_of(seq))
    }

    /// [`Evidence::receipt`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn receipt(&mut self, row: usize) -> Result<String, String> {
        self.receipts()?.receipt(row)
    }

    /// [`Evidence::trace`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn trace(&mut self, row: usize) -> Result<String, String> {
        self.receipts()?.trace(row)
    }
}

impl JsEvidence {
    fn receipts(&mut self) -> Result<&mut Evidence<'static, &'static Pieces<Chosen>>, String> {
        self.receipts.as_mut().map_err(|reason| reason.clone())
    }
}
