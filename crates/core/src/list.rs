//! Texts and lists that are borrowed where there is no allocator and may be owned where there is.

use core::fmt;
use core::ops::Deref;
#[cfg(feature = "alloc")]
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};

/// A UTF-8 text: borrowed, or owned with the feature `alloc`.
#[derive(Clone)]
pub struct Text<'a>(TextInner<'a>);

#[derive(Clone)]
enum TextInner<'a> {
    Borrowed(&'a str),
    #[cfg(feature = "alloc")]
    Owned(String),
}

impl<'a> Text<'a> {
    /// The empty text.
    pub const EMPTY: Self = Self(TextInner::Borrowed(""));

    /// A text borrowed for as long as the body that holds it.
    #[must_use]
    pub const fn borrowed(text: &'a str) -> Self {
        Self(TextInner::Borrowed(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            TextInner::Borrowed(text) => text,
            #[cfg(feature = "alloc")]
            TextInner::Owned(text) => text,
        }
    }

    /// The same text, owned.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(TextInner::Owned(match self.0 {
            TextInner::Borrowed(text) => text.into(),
            TextInner::Owned(text) => text,
        }))
    }
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}
impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}
impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
impl Eq for Text<'_> {}
impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}
impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self::borrowed(text)
    }
}
#[cfg(feature = "alloc")]
impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(TextInner::Owned(text))
    }
}
impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = &'de str;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<&'de str, E> {
                Ok(text)
            }
        }
        deserializer.deserialize_str(Borrow).map(Text::borrowed)
    }
}

/// A list: borrowed, or owned with the feature `alloc`, which decoding needs.
#[derive(Clone)]
pub struct List<'a, T>(ListInner<'a, T>);

#[derive(Clone)]
enum ListInner<'a, T> {
    Borrowed(&'a [T]),
    #[cfg(feature = "alloc")]
    Owned(Vec<T>),
}

impl<'a, T> List<'a, T> {
    /// The empty list.
    pub const EMPTY: Self = Self(ListInner::Borrowed(&[]));

    /// A list borrowed for as long as the body that holds it.
    #[must_use]
    pub const fn borrowed(items: &'a [T]) -> Self {
        Self(ListInner::Borrowed(items))
    }

    /// The items.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match &self.0 {
            ListInner::Borrowed(items) => items,
            #[cfg(feature = "alloc")]
            ListInner::Owned(items) => items,
        }
    }

    /// Puts an item at the end, owning the list from then on.
    #[cfg(feature = "alloc")]
    pub fn push(&mut self, item: T)
    where
        T: Clone,
    {
        if let ListInner::Borrowed(items) = &self.0 {
            self.0 = ListInner::Owned(items.to_vec());
        }
        if let ListInner::Owned(items) = &mut self.0 {
            items.push(item);
        }
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self::EMPTY
    }
}
impl<T> Deref for List<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}
impl<T: PartialEq> PartialEq for List<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}
impl<T: fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), f)
    }
}
impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self::borrowed(items)
    }
}
impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(items: &'a [T; N]) -> Self {
        Self::borrowed(items)
    }
}
#[cfg(feature = "alloc")]
impl<T> From<Vec<T>> for List<'_, T> {
    fn from(items: Vec<T>) -> Self {
        Self(ListInner::Owned(items))
    }
}
#[cfg(feature = "alloc")]
impl<T> FromIterator<T> for List<'_, T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(ListInner::Owned(items.into_iter().collect()))
    }
}
impl<T: Serialize> Serialize for List<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}
#[cfg(feature = "alloc")]
impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<'_, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(core::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Vec<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
                // Grown item by item: a count from outside reserves nothing.
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(items)
            }
        }
        deserializer
            .deserialize_seq(Items(core::marker::PhantomData))
            .map(|items| Self(ListInner::Owned(items)))
    }
}
